import type { Account, Login } from "./account.ts"
import { enableAccount, reviveBySource } from "./health.ts"
import { type AccountChanges, isPlaceholderEmail, join } from "./identity.ts"
import { isForgotten, newAccount, sameCredential, samePlace, sameTokens } from "./login.ts"
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
  for (const imported of offered) {
    const next = mergeOne([...current.values()], { imported, now, newId, byUser })
    if (next !== undefined) current.set(next.id, next)
  }
  const before = new Map(accounts.map((account) => [account.id, account]))
  return { put: [...current.values()].filter((account) => account !== before.get(account.id)), absorb: [] }
}

function mergeOne(
  accounts: readonly Account[],
  one: Omit<Import, "offered"> & { readonly imported: ImportedLogin },
): Account | undefined {
  const { imported, now, newId, byUser } = one
  const { login, userId } = imported
  const live = accounts.filter((account) => account.removedAt === undefined)
  const holder = live.find(
    (account) =>
      account.logins.some((known) => isSameLogin(known, login)) && !isSomebodyElse(account, userId),
  )
  if (holder !== undefined) return refreshLogin(holder, login, now)
  const removed = accounts.find(
    (account) =>
      account.removedAt !== undefined &&
      ((userId !== undefined && account.userId === userId) || isForgotten(login, account.forgotten ?? [])),
  )
  const fresh = describe(newAccount({ id: removed?.id ?? newId(), now, logins: [login] }), imported)
  if (removed !== undefined) return byUser ? fresh : undefined
  const owner = live.find(
    (account) =>
      (userId !== undefined && account.userId === userId) ||
      account.logins.some((known) => sameCredential(known, login)),
  )
  if (owner === undefined) return fresh
  return byUser ? enableAccount(join(owner, fresh)) : join(owner, fresh)
}

/**
 * Whether the source's row is the login that we know, perhaps with tokens that the source's own program renewed. A
 * registration, provider or subject that differs means that somebody logged in there anew, perhaps somebody else.
 */
function isSameLogin(known: Login, offered: Login): boolean {
  if (known.id === offered.id) return true
  if (!samePlace(known, offered) || known.kind !== offered.kind) return false
  if (sameCredential(known, offered) || isBehind(known, offered)) return true
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
  const known = account.logins.find((login) => isSameLogin(login, offered))
  if (known === undefined || known.kind === "api-key" || offered.kind === "api-key") return account
  if (sameCredential(known, offered) || isBehind(known, offered)) return withProfile(account, known, offered)
  if (offered.tokens.expiresAt <= known.tokens.expiresAt && known.revoked === undefined) return account
  const revived = reviveBySource(account, { loginId: known.id, tokens: offered.tokens, now })
  if (revived === account) return account
  // A new pair may have been obtained with a new registration: neither works with the other's.
  const { profileArn } = known
  const login = { ...(profileArn === undefined ? {} : { profileArn }), ...offered, id: known.id }
  return { ...revived, logins: revived.logins.map((other) => (other.id === known.id ? login : other)) }
}

/** A profile chosen in the source after the login was imported. */
function withProfile(account: Account, known: Login, { profileArn }: Login): Account {
  if (profileArn === undefined || profileArn === known.profileArn) return account
  return {
    ...account,
    logins: account.logins.map((login) => (login === known ? { ...login, profileArn } : login)),
  }
}

function describe(account: Account, { userId, email }: ImportedLogin): Account {
  return {
    ...account,
    ...(userId === undefined ? {} : { userId }),
    ...(email === undefined || isPlaceholderEmail(email) ? {} : { email }),
  }
}
