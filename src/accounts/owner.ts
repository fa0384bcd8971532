import { present } from "../json.ts"
import type { Account, ForgottenLogin, Health, Login } from "./account.ts"
import {
  type AccountChanges,
  Draft,
  type HeldLogin,
  type KnownLogin,
  successorsIn,
  withoutSuccessor,
  withPlacesOf,
  withSuccessors,
} from "./draft.ts"
import { isLocked } from "./health.ts"
import {
  changeLogin,
  comparable,
  forgetLogin,
  isOwing,
  isSignedInAnew,
  loginHash,
  newAccount,
  ownerOf,
  recordOf,
  withInherited,
  withRecord,
} from "./login.ts"
import { isShut, renewedUnseen, restsBehind, successorsOf, unseenRenewals } from "./login-use.ts"

/** Accounts that joined another and are remembered by their ids. */
const MOST_JOINED = 200
/** An unnamed login at rest behind another one goes after this. */
const REST_MS = 90 * 24 * 3_600_000

/** An instant for what the user does now: later than all that was before it, also where a clock was ahead then. */
export function actedNow(accounts: readonly Account[], now: number): number {
  const instants = accounts.flatMap(({ removedAt = 0, record, health }) => [
    removedAt,
    record?.actedAt ?? 0,
    health.state === "ok" ? 0 : health.since,
  ])
  return instants.reduce((latest, instant) => Math.max(latest, instant + 1), now)
}

export interface LearntIdentity {
  /** With its own token the service was asked; another version may have written another's into the row meanwhile. */
  readonly login: Login
  readonly userId: string
  readonly email?: string
  readonly now: number
}

/**
 * Rule 4: the service named the person behind a login. Two accounts are one person's only by this; whose owners differ stay
 * apart, and a login in the wrong account gets one of its own.
 */
export function learnIdentity(accounts: readonly Account[], learnt: LearntIdentity): AccountChanges {
  const draft = new Draft(accounts)
  const { login: asked, userId, email, now } = learnt
  const held = draft.find(({ id }) => id === asked.id)
  if (held === undefined || held.account.removedAt !== undefined) return draft.changes()
  if (!recordOf(held.login).hashes.includes(loginHash(asked))) return draft.changes()
  const known = ownerOf(held.login)
  const isNews = known === undefined || (email !== undefined && email !== held.account.email)
  if ((known !== undefined && known !== userId) || !isNews) return draft.changes()
  const account = name(draft, held, learnt)
  const owned: Account = { ...account, userId, ...present({ email: email ?? account.email }) }
  draft.put(owned)
  const namesake = draft.accounts.find((other) => other.id !== owned.id && other.userId === userId)
  if (namesake !== undefined) meet(draft, { named: owned, namesake, now })
  const person = draft.accounts.find(
    (account) => account.userId === userId && account.removedAt === undefined,
  )
  if (person !== undefined) settleSuccessions(draft, person.id)
  return draft.changes()
}

/** The account of the login, which knows its owner from now on; one of its own where the old one is another's. */
function name(draft: Draft, { account, login }: HeldLogin, { userId, now }: LearntIdentity): Account {
  const named = withRecord(login, { owner: userId, asked: undefined })
  const others = account.logins.filter(({ id }) => id !== login.id)
  const claimed = account.userId
  const isOnlyName = others.every((other) => ownerOf(other) === undefined)
  if (claimed === undefined || claimed === userId || (!comparable(claimed, userId) && isOnlyName))
    return changeLogin(account, login.id, () => named)
  draft.put({ ...account, logins: others })
  return newAccount({ id: draft.freeId(loginHash(login)), now, logins: [named] })
}

function meet(
  draft: Draft,
  { named, namesake, now }: { readonly named: Account; readonly namesake: Account; readonly now: number },
): void {
  if (namesake.removedAt === undefined) {
    const isOlder = named.addedAt - namesake.addedAt || (named.id < namesake.id ? -1 : 1)
    const [older, newer] = isOlder < 0 ? [named, namesake] : [namesake, named]
    draft.drop(newer.id, older.id)
    draft.put(join(older, newer))
    return
  }
  // Rule 6: the user's own act brings a removed person back, under the id that they had; what sync found does not.
  if ((named.record?.actedAt ?? 0) > namesake.removedAt) {
    draft.drop(named.id, namesake.id)
    const { id, addedAt } = namesake
    // A pair that is owed to its program still lives again with it.
    const logins = [...namesake.logins, ...named.logins]
    const isBack = (gone: ForgottenLogin): boolean => logins.some((login) => login.id === gone.id)
    const forgotten = forgottenOf(namesake, named)?.filter((gone) => !isBack(gone))
    const record = joinedRecord(namesake, named)
    draft.put({ ...named, id, addedAt, logins, record, ...present({ forgotten }) })
    return
  }
  const buried = buryAccount(named, now)
  draft.drop(named.id, namesake.id)
  const forgotten = forgottenOf(namesake, buried)
  draft.put({ ...namesake, logins: [...namesake.logins, ...buried.logins], ...present({ forgotten }) })
}

function forgottenOf(one: Account, other: Account): Account["forgotten"] {
  if (one.forgotten === undefined || other.forgotten === undefined) return one.forgotten ?? other.forgotten
  return [...one.forgotten, ...other.forgotten]
}

/** One person's account: `older` stays, with the logins and whatever else it did not have. */
function join(older: Account, newer: Account): Account {
  const quota = (newer.quota?.checkedAt ?? 0) > (older.quota?.checkedAt ?? 0) ? newer.quota : older.quota
  return {
    ...older,
    enabled: isOn(older, newer),
    health: joinedHealth(older, newer),
    logins: [...older.logins, ...newer.logins],
    hosts: { ...newer.hosts, ...older.hosts },
    assignment: Math.max(older.assignment, newer.assignment),
    record: joinedRecord(older, newer),
    ...present({
      label: older.label ?? newer.label,
      email: newer.email ?? older.email,
      profileArn: older.profileArn ?? newer.profileArn,
      quota,
      lastUsedAt: latest(older.lastUsedAt, newer.lastUsedAt),
      forgotten: forgottenOf(older, newer),
    }),
  }
}

function joinedRecord(into: Account, from: Account): NonNullable<Account["record"]> {
  const joined = [...(into.record?.joined ?? []), ...(from.record?.joined ?? []), from.id].slice(-MOST_JOINED)
  return { joined, ...present({ actedAt: latest(into.record?.actedAt, from.record?.actedAt) }) }
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
}

/** Off wins, unless the user's act on the other one was later. */
function isOn(one: Account, other: Account): boolean {
  if (one.enabled === other.enabled) return one.enabled
  const [off, on] = one.enabled ? [other, one] : [one, other]
  return on.record?.actedAt !== undefined && on.record.actedAt > (off.record?.actedAt ?? 0)
}

/** Suspended wins, unless the user's act on the other one was later. That all its logins ended is over with one that did not. */
function joinedHealth(older: Account, newer: Account): Health {
  for (const [locked, other] of [
    [older, newer],
    [newer, older],
  ] as const)
    if (isLocked(locked)) {
      const { health } = locked
      const since = health.state === "ok" ? 0 : health.since
      return (other.record?.actedAt ?? 0) > since && !isLocked(other) ? other.health : health
    }
  return older.health.state === "revoked" ? newer.health : older.health
}

/** Of one person's logins the one that took another's place takes its part, and so does the later own sign-in. */
function settleSuccessions(draft: Draft, accountId: string): void {
  for (const { id } of draft.get(accountId)?.logins ?? []) {
    const account = draft.get(accountId)
    // It may have taken another's part just now.
    const before = account?.logins.find((login) => login.id === id)
    if (account === undefined || before === undefined) continue
    const heir = heirOf(draft, account, before)
    if (heir === undefined) continue
    // Behind an heir that was signed in anew nothing but this tells that they rest.
    const older = renewedUnseen(draft.accounts, before).filter((login) => isSignedInAnew(login, heir))
    const placed = withPlacesOf(withInherited(heir, before), before)
    const next = withRecord(placed, { taken: recordOf(placed).taken ?? recordOf(before).taken })
    draft.put({
      ...account,
      logins: account.logins
        .filter(({ id }) => id !== before.id)
        .map((login) => (login.id === heir.id ? next : login)),
    })
    draft.relink(before, heir.id)
    for (const { id: resting } of older)
      draft.change(resting, (login) => withSuccessors(login, [...successorsIn(login), { id: heir.id }]))
    draft.change(heir.id, (kept) => withoutSuccessor(kept, heir.id))
  }
}

/**
 * Who takes the login's part: the next of the same person in its place, also where others stood there between them, or
 * what kiro-cli may have renewed it to unseen. Not one that was refused meanwhile: the older may be what is left.
 */
function heirOf(draft: Draft, account: Account, before: Login): Login | undefined {
  const { logins } = account
  const owner = ownerOf(before)
  const isTheirs = (login: Login | undefined): boolean =>
    login !== undefined &&
    ownerOf(login) === owner &&
    (login.revoked === undefined || before.revoked !== undefined)
  if (owner === undefined) return undefined
  const linked = [...successorsOf<KnownLogin>({ account, login: before }, (id) => draft.known(id))]
  const next = [...linked.map(({ login }) => login), ...unseenRenewals(before, draft.accounts)]
  const heir = next.map(({ id }) => logins.find((login) => login.id === id)).find(isTheirs)
  if (heir !== undefined) return heir
  const again = logins.findLast((login) => isOwnAgain(before, login))
  return again?.id !== before.id && isTheirs(again) ? again : undefined
}

/** Whether both are sign-ins of our own at one place. */
function isOwnAgain(left: Login, right: Login): boolean {
  if (left.source !== "own" || right.source !== "own" || left.kind !== right.kind) return false
  if (recordOf(left).places.length > 0 || recordOf(right).places.length > 0) return false
  return left.kind !== "idc" || right.kind !== "idc" || left.startUrl === right.startUrl
}

/**
 * Rule 7, "sign in again": on the user's word the new login takes the part of a refused one, where nobody can say whose either
 * of them is. Where their owners turn out to differ later, they part.
 */
export function replaceRefused(
  accounts: readonly Account[],
  { loginId, accountId, now }: { readonly loginId: string; readonly accountId: string; readonly now: number },
): AccountChanges {
  const draft = new Draft(accounts)
  const held = draft.find(({ id }) => id === loginId)
  const account = draft.get(accountId)
  if (held === undefined || account === undefined || account.removedAt !== undefined) return draft.changes()
  const { login } = held
  const refused = account.logins.find((each) => each.revoked !== undefined && each.kind === login.kind)
  if (refused === undefined || held.account.id === accountId) return draft.changes()
  const owners = [account.userId, held.account.userId, ownerOf(refused), ownerOf(login)]
  if (owners.some((owner) => owner !== undefined)) return draft.changes()
  const heir = withInherited(login, refused)
  draft.drop(held.account.id, accountId)
  draft.put({
    ...account,
    enabled: true,
    health: { state: "ok" },
    logins: account.logins.map((each) => (each === refused ? heir : each)),
    record: { ...account.record, actedAt: now },
  })
  // Whoever was behind a refused one was free.
  draft.changeAll((each) => withoutSuccessor(each, refused.id))
  return draft.changes()
}

/** Rule 6, a tombstone: what is needed to know the account again; and the pairs that are owed to other programs. */
export function buryAccount(account: Account, now: number): Account {
  const { id, userId, addedAt, logins } = account
  const owing = logins
    .filter(isOwing)
    .map((login) => withRecord(login, { places: recordOf(login).places.filter(({ owed }) => owed === true) }))
  return {
    ...newAccount({ id, now: addedAt, logins: owing }),
    enabled: false,
    removedAt: now,
    forgotten: [...(account.forgotten ?? []), ...logins.map((login) => forgetLogin(login, userId))],
    ...present({ userId, record: account.record }),
  }
}

/** Also what the process that removed the account could not see: the key of another one's environment. */
export function forgetLogins(account: Account, isOver: (login: Login) => boolean): Account {
  const { forgotten = [] } = account
  const logins = account.logins.filter((login) => !isOver(login))
  if (logins.length === account.logins.length) return account
  const isNew = ({ id }: Login): boolean => forgotten.every((each) => each.id !== id)
  const gone = account.logins.filter((login) => isOver(login) && isNew(login))
  return {
    ...account,
    logins,
    forgotten: [...forgotten, ...gone.map((login) => forgetLogin(login, account.userId))],
  }
}

/** A pair that was renewed while its account was removed: its program still gets it, and it is no news there. */
export function owedByRemoved(accounts: readonly Account[], renewed: Login): AccountChanges {
  const draft = new Draft(accounts)
  const found = draft.findForgotten(({ id }) => id === renewed.id)
  if (found === undefined || found.account.removedAt === undefined) return draft.changes()
  const { account, login: forgotten } = found
  const { places, hashes } = recordOf(renewed)
  const owing = places.filter(({ owed }) => owed === true)
  const known = withRecord(forgotten, { hashes: [...new Set([...recordOf(forgotten).hashes, ...hashes])] })
  draft.put({
    ...account,
    logins: owing.length === 0 ? account.logins : [...account.logins, withRecord(renewed, { places: owing })],
    forgotten: (account.forgotten ?? []).map((each) => (each === forgotten ? known : each)),
  })
  return draft.changes()
}

/** Rule 3 lets go of what nobody will need: logins that rested long behind another one, and such as were refused there. */
export function tidy(accounts: readonly Account[], now: number): AccountChanges {
  const draft = new Draft(accounts)
  for (const account of accounts) {
    const { removedAt } = account
    if (removedAt !== undefined) {
      // Its program has the pair, or another one, or its store never came back.
      draft.put(forgetLogins(account, (login) => removedAt + REST_MS < now || !isOwing(login)))
      continue
    }
    // While somebody is off or suspended what took their login's place is held by it.
    if (isShut(account)) continue
    for (const login of account.logins)
      if (isLeftBehind({ account, login }, now)) letGo(draft, { account, login })
  }
  for (const { id, userId, removedAt } of draft.accounts)
    if (userId !== undefined && removedAt === undefined) settleSuccessions(draft, id)
  return draft.changes()
}

/** What was held and then displaced rests as long as any other: it may be the last pair of who is switched on again. */
function isLeftBehind({ account, login }: HeldLogin, now: number): boolean {
  if (login.kind === "api-key" || (login.barred === undefined && login.isBehind !== true)) return false
  const isRefused = login.revoked !== undefined && ownerOf(login) === undefined
  const { displaced = account.addedAt } = recordOf(login)
  return isRefused || Math.max(login.tokens.expiresAt, displaced) + REST_MS <= now
}

/** What it rests behind knows its pairs from now on, and stands where it stood; of a named one that is the same person's. */
function letGo(draft: Draft, { account: { id: accountId }, login }: HeldLogin): void {
  const owner = ownerOf(login)
  const heirs = [...successorsIn(login), ...restsBehind(draft.accounts, login.id)]
  const isTheirs = ({ id }: { readonly id: string }): boolean =>
    owner === undefined || draft.find((each) => each.id === id)?.account.id === accountId
  const heir = heirs.find(isTheirs)
  if (heir === undefined) return
  draft.change(heir.id, (standing) => withInherited(standing, login))
  draft.relink(login, heir.id)
  const account = draft.get(accountId)
  if (account === undefined) return
  if (account.logins.length === 1 && account.userId === undefined) draft.drop(accountId)
  else draft.put({ ...account, logins: account.logins.filter(({ id }) => id !== login.id) })
}
