import type { Account, Login } from "./account.ts"
import { reviveBySource } from "./health/after-proof.ts"
import { enableAccount, foundProfile } from "./health/by-user.ts"
import { type AccountChanges, isPlaceholderEmail, join } from "./identity.ts"
import { detachLogin, judgeForgotten, newAccount, sameCredential, samePlace, sameTokens } from "./login.ts"
import { sameLogin } from "./tokens/login-identity.ts"
import type { ImportedLogin } from "./tokens/source-store.ts"

export interface Import {
  readonly offered: readonly ImportedLogin[]
  readonly now: number
  readonly newId: () => string
  /** The user asked for it, as by a login: a removed account comes back. */
  readonly byUser: boolean
}

/**
 * Takes offered logins into the accounts. A login that is there already gets the newer tokens; one of a removed
 * account stays out; one whose owner is known joins that account; any other stands for itself until the service names
 * its owner.
 */
export function mergeImported(
  accounts: readonly Account[],
  { offered, now, newId, byUser }: Import,
): AccountChanges {
  const current = new Map(accounts.map((account) => [account.id, account]))
  for (const imported of offered)
    for (const next of mergeOne([...current.values()], { imported, now, newId, byUser }))
      current.set(next.id, next)
  const before = new Map(accounts.map((account) => [account.id, account]))
  return { put: [...current.values()].filter((account) => account !== before.get(account.id)), absorb: [] }
}

function mergeOne(
  accounts: readonly Account[],
  one: Omit<Import, "offered"> & { readonly imported: ImportedLogin },
): readonly Account[] {
  const { imported, now, newId, byUser } = one
  const { login, userId } = imported
  const live = accounts.filter((account) => account.removedAt === undefined)
  const known = live.find(({ logins }) => logins.some((each) => isKnownLogin(each, login)))
  if (known !== undefined) return [refreshLogin(known, login, now)]
  const inPlace = live.filter(({ logins }) => logins.some((each) => isRenewedLogin(each, login)))
  const holder = inPlace.find((account) => !isSomebodyElse(account, userId))
  if (holder !== undefined) return [refreshLogin(holder, login, now)]
  // Somebody else is logged in there now: what was there lives on by itself.
  const left = inPlace.map((account) => ({
    ...account,
    logins: account.logins.map((each) => (isRenewedLogin(each, login) ? detachLogin(each) : each)),
  }))
  const removed = accounts.find((account) => account.removedAt !== undefined && isRemoved(account, imported))
  const fresh = describe(newAccount({ id: removed?.id ?? newId(), now, logins: [login] }), imported)
  if (removed !== undefined) return byUser ? [...left, fresh] : left
  const owner = live.find(
    (account) =>
      (userId !== undefined && account.userId === userId) ||
      account.logins.some((each) => sameCredential(each, login)),
  )
  if (owner === undefined) return [...left, fresh]
  return [...left, byUser ? enableAccount(join(owner, fresh)) : join(owner, fresh)]
}

function isRemoved({ userId, forgotten }: Account, offered: ImportedLogin): boolean {
  if (userId !== undefined && offered.userId !== undefined) return userId === offered.userId
  return judgeForgotten(offered.login, forgotten ?? []) !== "no"
}

/** Whether the source's row is the login that we know, by a token in common. */
function isKnownLogin(known: Login, offered: Login): boolean {
  if (known.id === offered.id) return true
  if (!samePlace(known, offered) || known.kind !== offered.kind) return false
  return sameCredential(known, offered) || isBehind(known, offered)
}

/**
 * Whether it may be the login that we know with tokens that the source's own program renewed. A registration, provider
 * or subject that differs means that somebody logged in there anew, perhaps somebody else.
 */
function isRenewedLogin(known: Login, offered: Login): boolean {
  if (!samePlace(known, offered) || known.kind !== offered.kind) return false
  // A row of an older plugin is one person's for good: its id is made of who that is.
  if (known.source === "older-plugin") return true
  if (known.kind === "api-key" || offered.kind === "api-key") return false
  return sameLogin(known, offered) !== "no"
}

function isSomebodyElse({ userId: known }: Account, userId: string | undefined): boolean {
  return known !== undefined && userId !== undefined && known !== userId
}

function isBehind(known: Login, offered: Login): boolean {
  if (known.sourceBehind === undefined || offered.kind === "api-key") return false
  return sameTokens(known.sourceBehind, offered.tokens)
}

function refreshLogin(account: Account, offered: Login, now: number): Account {
  const known =
    account.logins.find((login) => isKnownLogin(login, offered)) ??
    account.logins.find((login) => isRenewedLogin(login, offered))
  if (known === undefined || known.kind === "api-key" || offered.kind === "api-key") return account
  if (sameCredential(known, offered) || isBehind(known, offered)) return withProfile(account, known, offered)
  if (offered.tokens.expiresAt <= known.tokens.expiresAt && known.revoked === undefined) return account
  const profiled = withProfile(account, known, offered)
  const revived = reviveBySource(profiled, { loginId: known.id, tokens: offered.tokens, now })
  if (revived === profiled) return profiled
  // A new pair may have been obtained with a new registration: neither works with the other's.
  const { profileArn } = known
  const login = { ...(profileArn === undefined ? {} : { profileArn }), ...offered, id: known.id }
  return { ...revived, logins: revived.logins.map((other) => (other.id === known.id ? login : other)) }
}

/** A profile chosen in the source after the login was imported. */
function withProfile(account: Account, known: Login, { profileArn }: Login): Account {
  if (profileArn === undefined || profileArn === known.profileArn) return account
  return foundProfile(account, { loginId: known.id, profileArn })
}

function describe(account: Account, { userId, email }: ImportedLogin): Account {
  return {
    ...account,
    ...(userId === undefined ? {} : { userId }),
    ...(email === undefined || isPlaceholderEmail(email) ? {} : { email }),
  }
}
