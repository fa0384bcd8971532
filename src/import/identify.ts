import {
  type Account,
  type AccountStore,
  type ImportedLogin,
  judgeForgotten,
  learnIdentity,
  type Login,
  sameLogin,
  sameTokens,
  type TokenLogin,
} from "../accounts/index.ts"

/** The service's user id behind a login; `undefined` where it can't be had. Never rejects. */
export type Identify = (login: TokenLogin) => Promise<string | undefined>

export interface Asking {
  readonly store: Pick<AccountStore, "reconcile" | "listAll">
  readonly identify: Identify
  readonly now: number
  readonly newId: () => string
}

/**
 * Asks who a login is whose place held another pair when we saw it last, where nothing in the two records tells
 * whether its program renewed the tokens or another person logged in; and, where that is not known yet, who was there
 * before. Every other login is taken as it is.
 */
export async function withUserIds(
  offered: readonly ImportedLogin[],
  asking: Asking,
): Promise<readonly ImportedLogin[]> {
  const accounts = await asking.store.listAll()
  return Promise.all(
    offered.map(async (one) => {
      const { login } = one
      if (login.kind === "api-key" || one.userId !== undefined || login.tokens.expiresAt <= asking.now)
        return one
      if (isKnown(accounts, login)) return one
      const rivals = accounts.filter((account) => mayBeSomebodyElse(account, login))
      if (rivals.length === 0) return one
      const userId = await asking.identify(login)
      if (userId === undefined) return one
      for (const rival of rivals) if (rival.userId === undefined) await learnOwner(asking, rival, login)
      return { ...one, userId }
    }),
  )
}

function isKnown(accounts: readonly Account[], { tokens }: TokenLogin): boolean {
  return accounts.some(({ logins }) =>
    logins.some((login) => login.kind !== "api-key" && sameTokens(login.tokens, tokens)),
  )
}

function mayBeSomebodyElse({ userId, logins, forgotten, removedAt }: Account, offered: TokenLogin): boolean {
  if (removedAt !== undefined)
    return userId !== undefined && judgeForgotten(offered, forgotten ?? []) === "perhaps"
  return logins.some((known) => isInPlaceOf(known, offered))
}

/** A row of an older plugin is one person's for good: nobody is asked about it. */
function isInPlaceOf(known: Login, offered: TokenLogin): known is TokenLogin {
  return (
    known.kind !== "api-key" &&
    known.source !== "older-plugin" &&
    known.source === offered.source &&
    known.sourceKey === offered.sourceKey &&
    sameLogin(known, offered) === "perhaps" &&
    !(known.sourceBehind !== undefined && sameTokens(known.sourceBehind, offered.tokens))
  )
}

/** Who was there before, as long as the service still takes that token. */
async function learnOwner(
  { store, identify, now, newId }: Asking,
  { id: accountId, logins }: Account,
  offered: TokenLogin,
): Promise<void> {
  const login = logins.find((known) => isInPlaceOf(known, offered))
  if (login === undefined || login.tokens.expiresAt <= now) return
  const userId = await identify(login)
  if (userId === undefined) return
  await store.reconcile((accounts) =>
    learnIdentity(accounts, { accountId, loginId: login.id, userId, now, newId }),
  )
}
