import type { AccountStore, Turn } from "../../src/accounts/index.ts"

export function addTurn(store: AccountStore, turn: Turn): Promise<void> {
  return store.remember({ sessionId: turn.sessionId, turn })
}
