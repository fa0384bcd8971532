import type { Account, Login } from "./account.ts"
import { isLocked } from "./health/questions.ts"
import { buryAccount, newAccount, samePlace } from "./login.ts"

/** What one pure change over all accounts comes to. */
export interface AccountChanges {
  /** New or changed accounts. */
  readonly put: readonly Account[]
  /** Accounts that are the same person as another one: their sessions and turns become the other's. */
  readonly absorb: readonly { readonly from: string; readonly into: string }[]
}

const NO_CHANGES: AccountChanges = { put: [], absorb: [] }

export interface LearntIdentity {
  /** The account and login whose token the usage call was made with. */
  readonly accountId: string
  readonly loginId: string
  readonly userId: string
  readonly email?: string
  readonly now: number
  /** For the account of a login that turns out to be somebody else's. */
  readonly newId: () => string
}

/**
 * The service named the user id behind a login. Two accounts are merged only here or on equal tokens, into the older
 * one; a login that became somebody else's (its source was logged in anew) moves to that person's account.
 */
export function learnIdentity(accounts: readonly Account[], learnt: LearntIdentity): AccountChanges {
  const account = accounts.find(({ id }) => id === learnt.accountId)
  const login = account?.logins.find(({ id }) => id === learnt.loginId)
  if (account === undefined || login === undefined) return NO_CHANGES
  const known = accounts.find((other) => other.userId === learnt.userId)
  if (account.userId !== undefined && account.userId !== learnt.userId)
    return moveLogin({ account, login, known, learnt })
  const owned = account.userId === learnt.userId ? account : { ...account, userId: learnt.userId }
  const named = withEmail(owned, learnt.email)
  if (known === undefined || known.id === account.id)
    return { put: named === account ? [] : [named], absorb: [] }
  return merge({ known, account: named, now: learnt.now })
}

function merge(people: {
  readonly known: Account
  readonly account: Account
  readonly now: number
}): AccountChanges {
  const { known, account, now } = people
  if (known.removedAt === undefined)
    return { put: [join(known, account)], absorb: [{ from: account.id, into: known.id }] }
  // A login of our own is the user's act and brings a removed account back; what sync found does not.
  if (account.logins.some((login) => login.source === "own"))
    return { put: [account], absorb: [{ from: known.id, into: account.id }] }
  const buried = buryAccount({ ...account, forgotten: known.forgotten ?? [] }, now)
  return {
    put: [{ ...known, forgotten: buried.forgotten ?? [] }],
    absorb: [{ from: account.id, into: known.id }],
  }
}

function moveLogin(move: {
  readonly account: Account
  readonly login: Login
  readonly known: Account | undefined
  readonly learnt: LearntIdentity
}): AccountChanges {
  const { account, login, known, learnt } = move
  // The usage that was just written down is the other person's too.
  const { quota, ...person } = account
  const rest = { ...person, logins: account.logins.filter(({ id }) => id !== login.id) }
  if (known?.removedAt !== undefined && login.source !== "own") return { put: [rest], absorb: [] }
  const fresh = newAccount({ id: learnt.newId(), now: learnt.now, logins: [login] })
  const measured = quota === undefined ? fresh : { ...fresh, quota }
  const owner = withEmail({ ...measured, userId: learnt.userId }, learnt.email)
  if (known === undefined) return { put: [rest, owner], absorb: [] }
  if (known.removedAt !== undefined)
    return { put: [rest, owner], absorb: [{ from: known.id, into: owner.id }] }
  return { put: [rest, join(known, owner)], absorb: [] }
}

/** One person's account: `known` stays, with the logins and whatever else it did not have. */
export function join(known: Account, other: Account): Account {
  const { label = other.label, email = other.email, profileArn = other.profileArn } = known
  const newer = (other.quota?.checkedAt ?? 0) > (known.quota?.checkedAt ?? 0) ? other.quota : known.quota
  const usable = other.health.state === "ok" && other.logins.some((login) => login.revoked === undefined)
  const loggedOut = known.health.state === "revoked"
  const locked = [known, other].find(isLocked)
  return {
    ...known,
    health: locked?.health ?? (loggedOut && usable ? other.health : known.health),
    logins: other.logins.reduce(withLogin, known.logins),
    hosts: { ...other.hosts, ...known.hosts },
    assignment: Math.max(known.assignment, other.assignment),
    ...(label === undefined ? {} : { label }),
    ...(email === undefined ? {} : { email }),
    ...(profileArn === undefined ? {} : { profileArn }),
    ...(newer === undefined ? {} : { quota: newer }),
  }
}

/** Adds the login; of two from one place, or two of our own of one kind, the one that lives longer stays. */
function withLogin(logins: readonly Login[], login: Login): readonly Login[] {
  const rival = logins.find(
    (other) => other.id === login.id || samePlace(other, login) || sameOwn(other, login),
  )
  if (rival === undefined) return [...logins, login]
  return livesLonger(login, rival) ? logins.map((other) => (other === rival ? login : other)) : logins
}

function sameOwn(left: Login, right: Login): boolean {
  if (left.source !== "own" || right.source !== "own" || left.kind !== right.kind) return false
  return left.kind !== "idc" || right.kind !== "idc" || left.startUrl === right.startUrl
}

function livesLonger(login: Login, rival: Login): boolean {
  // The variable holds one key: the one that was found last.
  if (login.kind === "api-key" || rival.kind === "api-key")
    return login.source === "environment" || rival.revoked !== undefined
  if ((login.revoked === undefined) !== (rival.revoked === undefined)) return rival.revoked !== undefined
  return login.tokens.expiresAt > rival.tokens.expiresAt
}

const PLACEHOLDER = /-placeholder\+[0-9a-f]{16}@awsapps\.local$/

/** The made-up address that an older plugin gave an account whose real one it did not know. */
export function isPlaceholderEmail(email: string): boolean {
  return PLACEHOLDER.test(email)
}

function withEmail(account: Account, email: string | undefined): Account {
  return email === undefined || email === account.email || isPlaceholderEmail(email)
    ? account
    : { ...account, email }
}
