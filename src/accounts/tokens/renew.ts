import type { TokenLogin, TokenSet } from "../account.ts"
import type { TokenSwap } from "../store/swap.ts"
import type { KeeperContext } from "./keeper-context.ts"
import { samePair } from "./unsaved.ts"
import { writeBackLater } from "./write-back.ts"

/** The login with its new pair; where it came from a source, that still holds the one before. */
export function renewedLogin({ sources }: KeeperContext, login: TokenLogin, tokens: TokenSet): TokenLogin {
  const { revoked: _, ...rest } = login
  const owned = sources.some((source) => source.owns(login))
  return { ...rest, tokens, ...(owned ? { sourceBehind: login.sourceBehind ?? login.tokens } : {}) }
}

export function swapOf(login: TokenLogin, renewed: TokenLogin): TokenSwap {
  const { sourceBehind } = renewed
  const swap = { loginId: login.id, before: login.tokens, after: renewed.tokens }
  return sourceBehind === undefined ? swap : { ...swap, sourceBehind }
}

/**
 * Gives the new pair also to the account's other logins that held the very pair that it replaces, as an older plugin's
 * row does that was copied from kiro-cli: theirs is dead now, in our rows and in their sources.
 */
export async function renewCopies(
  context: KeeperContext,
  {
    accountId,
    login,
    tokens,
  }: { readonly accountId: string; readonly login: TokenLogin; readonly tokens: TokenSet },
): Promise<void> {
  const account = await context.store.get(accountId)
  for (const copy of account?.logins ?? []) {
    if (copy.id === login.id || copy.kind === "api-key" || !samePair(copy.tokens, login.tokens)) continue
    const renewed = renewedLogin(context, copy, tokens)
    const result = context.store.compareAndSwapTokens(swapOf(copy, renewed))
    if (result === "written" && renewed.sourceBehind !== undefined)
      writeBackLater(context, accountId, renewed)
  }
}
