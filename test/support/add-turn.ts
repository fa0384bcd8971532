import type { AccountStore, MeteredTurn } from "../../src/accounts/index.ts"

export function addTurn(store: AccountStore, turn: MeteredTurn): Promise<void> {
  return store.remember({ sessionId: turn.sessionId, turn })
}
