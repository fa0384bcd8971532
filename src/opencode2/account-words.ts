import {
  type Account,
  accountName,
  creditsText,
  remedyOf,
  shortState,
  STATE_WORDS,
  stateOf,
} from "../accounts/index.ts"
import type { Host } from "../host/index.ts"
import { ownCommand } from "../settings/index.ts"

export { accountName }

/** Why an account wants its user; nothing where it does not. */
export function needOf(account: Account, now: number): string | undefined {
  const state = stateOf(account, { now, useOverage: true })
  const { sentence, status } = STATE_WORDS[state.reason]
  if (status !== 401 && state.reason !== "profile-choice") return undefined
  return `${sentence(accountName(account))}. ${remedyOf(account, state, ownCommand())}`
}

/** An account on a line, with its state and credits. */
export async function listAccounts(host: Host): Promise<string> {
  const { accounts, importLogins } = await host.services()
  await importLogins()
  const { useOverage } = host.settings()
  const now = host.clock.now()
  const list = await accounts.store.list()
  if (list.length === 0) return "No Kiro account is signed in: /connect, or `opencode auth login`."
  return list
    .map((account) => {
      const state = shortState(stateOf(account, { now, useOverage }), now)
      const credits = account.quota === undefined ? [] : [`${creditsText(account.quota)} credits used`]
      return [accountName(account), state, ...credits].join(" · ")
    })
    .join("\n")
}
