import type { Account, TokenLogin } from "../account.ts"
import type { KeeperContext, RefreshOutcome, RefreshWish } from "./keeper-context.ts"
import { LEAST_LIFE_MS } from "./keeper-context.ts"
import { withSwap } from "./unsaved.ts"

export type Look =
  | { readonly state: "done"; readonly outcome: RefreshOutcome }
  | { readonly state: "stale"; readonly account: Account; readonly login: TokenLogin }

/** Reads the row again: another process may have renewed, refused or removed the login since. Rejects with a `StoreError`. */
export async function lookAtRow(context: KeeperContext, wish: RefreshWish): Promise<Look> {
  const waiting = context.unsaved.settle(wish.login.id)
  const found = await findLogin(context, wish)
  if (found === undefined) return { state: "done", outcome: { state: "gone" } }
  const login = typeof waiting === "string" ? found.login : withSwap(found.login, waiting)
  if (isNews({ login, wish, now: context.runtime.clock.now() }))
    return { state: "done", outcome: { state: "fresh", login } }
  if (login.revoked !== undefined)
    return { state: "done", outcome: { state: "refused", message: login.revoked.reason } }
  if (typeof waiting !== "string")
    return {
      state: "done",
      outcome: { state: "failed", reason: "database", message: "the account database is locked" },
    }
  return { state: "stale", account: found.account, login }
}

/** Whether the login holds an access token that was not known to be needed replacing, and that can be used. */
export function isNews({
  login,
  wish,
  now,
}: {
  readonly login: TokenLogin
  readonly wish: RefreshWish
  readonly now: number
}): boolean {
  const { accessToken, expiresAt } = login.tokens
  if (accessToken.equals(wish.login.tokens.accessToken) || wish.rejected?.equals(accessToken) === true)
    return false
  return login.revoked === undefined && expiresAt - now > LEAST_LIFE_MS
}

async function findLogin(
  { store }: KeeperContext,
  wish: RefreshWish,
): Promise<{ readonly account: Account; readonly login: TokenLogin } | undefined> {
  const own = await store.get(wish.accountId)
  const accounts = own?.logins.some(({ id }) => id === wish.login.id) ? [own] : await store.list()
  for (const account of accounts) {
    const login = account.logins.find(({ id }) => id === wish.login.id)
    if (login !== undefined && login.kind !== "api-key") return { account, login }
  }
  return undefined
}
