import { type Account, accountName, loginHash, remedyOf, STATE_WORDS, stateOf } from "../accounts/index.ts"
import { ownCommand } from "../settings/index.ts"

export { accountName, loginHash }

/** Why an account wants its user; nothing where it does not. */
export function needOf(account: Account, now: number): string | undefined {
  const state = stateOf(account, { now, useOverage: true })
  const { sentence, status } = STATE_WORDS[state.reason]
  if (status !== 401 && state.reason !== "profile-choice") return undefined
  return `${sentence(accountName(account))}. ${remedyOf(account, state, ownCommand())}`
}
