import type { Account, Login } from "../account.ts"
import type { KeeperContext, RefreshFailure, RefreshOutcome } from "./keeper-context.ts"
import { withSwap } from "./unsaved.ts"

export interface NoToken {
  /** `revoked`: only a new login helps. The others: for now. */
  readonly unavailable: "revoked" | "no-login" | RefreshFailure
  readonly message: string
}

/** The account after every waiting pair was given to the database, without the logins that are not ours to use here. */
export async function accountNow(context: KeeperContext, given: Account): Promise<Account> {
  const { store, unsaved } = context
  const waiting = new Map(given.logins.map(({ id }) => [id, unsaved.settle(id)]))
  const settled = [...waiting.values()].includes("settled")
  const account = settled ? ((await store.get(given.id)) ?? given) : given
  const logins = account.logins
    .filter((login) => isUsable(context, login))
    .map((login) => {
      const swap = waiting.get(login.id)
      return swap === undefined || typeof swap === "string" ? login : withSwap(login, swap)
    })
  return { ...account, logins }
}

/** The accounts with only those of their logins that are ours to use here; those left with none are not there at all. */
export function accountsHere(
  context: Pick<KeeperContext, "sources">,
  accounts: readonly Account[],
): readonly Account[] {
  return accounts
    .map((account) => ({ ...account, logins: account.logins.filter((login) => isUsable(context, login)) }))
    .filter(({ logins }) => logins.length > 0)
}

/**
 * An API key counts while the environment holds it. The login of a source that the user turned off is left to its own
 * program: renewing it here would log that program out.
 */
function isUsable({ sources }: Pick<KeeperContext, "sources">, login: Login): boolean {
  if (login.source === "own") return true
  if (login.source === "environment") return sources.some((source) => source.owns(login))
  return sources.some(({ source }) => source === login.source)
}

export function noToken(account: Account, outcomes: readonly RefreshOutcome[]): NoToken {
  for (const outcome of outcomes)
    if (outcome.state === "failed") return { unavailable: outcome.reason, message: outcome.message }
  for (const outcome of outcomes)
    if (outcome.state === "refused") return { unavailable: "revoked", message: outcome.message }
  const revoked = account.logins.find((login) => login.revoked !== undefined)?.revoked
  if (revoked !== undefined) return { unavailable: "revoked", message: revoked.reason }
  return account.logins.length === 0
    ? { unavailable: "no-login", message: "the account has no login that may be used here" }
    : { unavailable: "revoked", message: "the service refused the login" }
}
