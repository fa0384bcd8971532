import { detachLogin } from "../login.ts"
import type { Account, TokenLogin } from "../account.ts"
import { type KeeperContext, LEAST_LIFE_MS, type RefreshWish } from "./keeper-context.ts"
import { isNews } from "./look.ts"
import { renewCopies } from "./renew.ts"
import type { Reread } from "./source-store.ts"

/**
 * Reads the login's source again and takes over a newer pair that its own program put there. What the source holds
 * of another person, or no longer holds, changes nothing of ours.
 */
export async function adoptFromSource(
  context: KeeperContext,
  wish: RefreshWish,
  current: { readonly account: Account; readonly login: TokenLogin },
): Promise<TokenLogin> {
  const { login } = current
  const source = context.sources.find((candidate) => candidate.owns(login))
  if (source === undefined) return login
  const reread = await source.reread(login)
  if (reread.state === "unreadable")
    context.runtime.log.warn("the source of a login could not be read", { message: reread.message })
  if (reread.state !== "found" || !isNewer(context, { wish, login, reread })) return login
  const adopted = { ...login, tokens: reread.tokens }
  if (!reread.certain && (await isSomebodyElse(context, current.account, adopted)))
    return detach(context, current)
  const { sourceBehind: _, ...inStep } = adopted
  // The pair is in the source already: where the database does not take it, it is found there again.
  const { id: loginId } = login
  const result = context.store.compareAndSwapTokens({ loginId, before: login.tokens, after: reread.tokens })
  if (result === "written")
    await renewCopies(context, { accountId: current.account.id, login, tokens: reread.tokens })
  context.runtime.log.info("took over a token that its own program renewed", {
    source: source.source,
    result,
  })
  // What the row does not hold can be used, but not be the base of the next compare-and-swap.
  const usable = isNews({ login: inStep, wish, now: context.runtime.clock.now() })
  return result === "written" || usable ? inStep : login
}

function isNewer(
  { runtime }: KeeperContext,
  {
    wish,
    login,
    reread,
  }: {
    readonly wish: RefreshWish
    readonly login: TokenLogin
    readonly reread: Extract<Reread, { readonly state: "found" }>
  },
): boolean {
  const { tokens } = reread
  if (tokens.accessToken.equals(login.tokens.accessToken)) return false
  if (wish.rejected?.equals(tokens.accessToken) === true) return false
  // Not newer but older: our own pair has not been written back there yet.
  if (login.sourceBehind?.accessToken.equals(tokens.accessToken) === true) return false
  if (tokens.expiresAt > login.tokens.expiresAt) return true
  return wish.rejected !== undefined && tokens.expiresAt - runtime.clock.now() > LEAST_LIFE_MS
}

async function isSomebodyElse(
  { identify }: KeeperContext,
  account: Account,
  login: TokenLogin,
): Promise<boolean> {
  if (identify === undefined || account.userId === undefined) return false
  const userId = await identify(login)
  return userId !== undefined && userId !== account.userId
}

/** Somebody else is logged in there now: ours lives on by itself, and the import offers the other as another login. */
async function detach(
  { store, runtime }: KeeperContext,
  { account, login }: { readonly account: Account; readonly login: TokenLogin },
): Promise<TokenLogin> {
  runtime.log.info("another person is logged in where a login came from", { source: login.source })
  await store.update(account.id, (row) => ({
    ...row,
    logins: row.logins.map((other) => (other.id === login.id ? detachLogin(other) : other)),
  }))
  return detachLogin(login)
}
