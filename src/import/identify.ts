import {
  type Account,
  type ImportedLogin,
  sameLogin,
  sameTokens,
  type TokenLogin,
} from "../accounts/index.ts"

/** The service's user id behind a login; `undefined` where it can't be had. Never rejects. */
export type Identify = (login: TokenLogin) => Promise<string | undefined>

/**
 * Asks who a login is whose place held another pair when we saw it last, where nothing in the two records tells
 * whether its program renewed the tokens or another person logged in. Every other login is taken as it is.
 */
export async function withUserIds(
  offered: readonly ImportedLogin[],
  {
    accounts,
    identify,
    now,
  }: { readonly accounts: readonly Account[]; readonly identify: Identify; readonly now: number },
): Promise<readonly ImportedLogin[]> {
  return Promise.all(
    offered.map(async (one) => {
      const { login } = one
      if (login.kind === "api-key" || one.userId !== undefined || login.tokens.expiresAt <= now) return one
      if (isKnown(accounts, login) || !accounts.some((account) => mayBeSomebodyElse(account, login)))
        return one
      const userId = await identify(login)
      return userId === undefined ? one : { ...one, userId }
    }),
  )
}

function isKnown(accounts: readonly Account[], { tokens }: TokenLogin): boolean {
  return accounts.some(({ logins }) =>
    logins.some((login) => login.kind !== "api-key" && sameTokens(login.tokens, tokens)),
  )
}

function mayBeSomebodyElse({ userId, logins }: Account, offered: TokenLogin): boolean {
  if (userId === undefined) return false
  return logins.some(
    (known) =>
      known.kind !== "api-key" &&
      known.source === offered.source &&
      known.sourceKey === offered.sourceKey &&
      sameLogin(known, offered) === "perhaps" &&
      !(known.sourceBehind !== undefined && sameTokens(known.sourceBehind, offered.tokens)),
  )
}
