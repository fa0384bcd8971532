import { present } from "../json.ts"
import type { Account, ForgottenLogin, Login, LoginPlace, PlaceKey, TokenLogin } from "./account.ts"
import {
  type AccountChanges,
  Draft,
  type HeldLogin,
  isInPlace,
  stoodLast,
  withoutPlace,
  withPlace,
  withSuccessor,
} from "./draft.ts"
import { afterRenewal, foundProfile } from "./health.ts"
import {
  derivedLoginId,
  forgetLogin,
  isSignedInAnew,
  loginHash,
  newAccount,
  ownerOf,
  recordOf,
  samePlace,
  withInherited,
  withoutRevocation,
  withRecord,
} from "./login.ts"
import { isShut, withUses } from "./login-use.ts"
import { actedNow } from "./owner.ts"

/** A login as another program keeps it. */
export interface ImportedLogin {
  readonly login: Login
  readonly place: PlaceKey
  readonly email?: string
}

interface Import {
  readonly offered: readonly ImportedLogin[]
  readonly now: number
  /** The user asked for it, as by a login: what was removed, or is held, is taken in. */
  readonly byUser: boolean
}

/**
 * What the stores of other programs show now, taken into the accounts. The rules cited in this room are those of
 * *Whose login it is* in docs/ARCHITECTURE.md.
 */
export function takeIn(accounts: readonly Account[], { offered, now, byUser }: Import): AccountChanges {
  const draft = new Draft(withUses(accounts))
  const made = splitStrange(draft, offered, now)
  const actedAt = actedNow(accounts, now)
  for (const imported of offered) takeOne({ draft, made, now, byUser, actedAt }, imported)
  return draft.changes()
}

interface Taking {
  readonly draft: Draft
  /** The ids of the logins that are new: only they are successors. */
  readonly made: Set<string>
  readonly now: number
  readonly byUser: boolean
  readonly actedAt: number
}

/** Rule 1: only the very pair tells which login it is. */
function takeOne(taking: Taking, imported: ImportedLogin): void {
  const { draft, byUser } = taking
  const { login, place } = imported
  const hash = loginHash(login)
  const isCurrent = (other: Login): boolean =>
    recordOf(other).hashes.at(-1) === hash || isWithoutRefreshToken(login, other)
  const ours = draft.find((other, { removedAt }) => removedAt === undefined && isCurrent(other))
  if (ours !== undefined) return takeKnown(taking, ours, imported)
  const renewed = draft.find((other) => recordOf(other).hashes.includes(hash))
  // Its program has not seen our newer pair yet; of a removed account it may have got it just now.
  if (renewed !== undefined)
    return standAt(taking, renewed.login, { ...place, shown: hash, owed: !isCurrent(renewed.login) })
  const joined = draft.find((other) => recordOf(other).inherited.includes(hash))
  if (joined !== undefined) return standAt(taking, joined.login, { ...place, shown: hash, owed: false })
  const over = draft.findForgotten((other) => recordOf(other).hashes.includes(hash))
  if (over !== undefined && (!byUser || over.account.removedAt === undefined))
    return standAt(taking, over.login, { ...place, shown: hash, owed: false })
  const isShown = (other: Login): boolean =>
    recordOf(other).places.some((each) => samePlace(each, place) && each.shown === hash)
  if (draft.find(isShown) !== undefined) return
  takeNew(taking, imported, hash)
}

/** Whether it is our access token alone: a record that lost its refresh token is no reason for us to lose ours. */
function isWithoutRefreshToken(shown: Login, ours: Login): boolean {
  if (shown.kind === "api-key" || ours.kind === "api-key" || shown.tokens.refreshToken !== undefined)
    return false
  return shown.tokens.accessToken.equals(ours.tokens.accessToken)
}

/** One of our pairs: of two access tokens for one refresh token the newer counts. */
function takeKnown(
  taking: Taking,
  { account, login: known }: HeldLogin,
  { login, place }: ImportedLogin,
): void {
  const { draft, byUser, actedAt } = taking
  const shown = loginHash(login)
  if (known.kind === "api-key" || login.kind === "api-key")
    return standAt(taking, known, { ...place, shown, owed: false })
  const [seen, held] = [login.tokens, known.tokens]
  const isOther = !seen.accessToken.equals(held.accessToken)
  const owed = isOther && seen.expiresAt < held.expiresAt
  standAt(taking, known, { ...place, shown, owed })
  if (isOther && seen.expiresAt > held.expiresAt) {
    draft.change(known.id, (standing) =>
      standing.kind === "api-key" ? standing : withoutRevocation({ ...standing, tokens: seen }),
    )
    draft.changeAccount(account.id, afterRenewal)
  }
  if (byUser && known.barred === "held")
    draft.change(known.id, (standing) => withRecord(standing, { taken: actedAt }))
  // It may turn out to be theirs who were removed or switched off before: then this act is the later one.
  const mayTurnOut = !isShut(account) && ownerOf(known) === undefined && draft.accounts.some(isShut)
  if (byUser && mayTurnOut)
    draft.changeAccount(account.id, (current) => ({ ...current, record: { ...current.record, actedAt } }))
  const { profileArn } = login
  const isRefused = profileArn === recordOf(known).refusedProfile
  if (profileArn !== undefined && profileArn !== known.profileArn && !isRefused)
    draft.changeAccount(account.id, (current) => foundProfile(current, { loginId: known.id, profileArn }))
}

/** The place shows this login, or what is left of it: whoever stood there before gives it up. */
function standAt(taking: Taking, login: Login | ForgottenLogin, place: Required<LoginPlace>): void {
  const { draft, made } = taking
  const isThere = recordOf(login).places.some(
    (each) => samePlace(each, place) && each.shown === place.shown && (each.owed ?? false) === place.owed,
  )
  const { id } = login
  if (isThere || id === undefined) return
  if (login.kind !== "forgotten" && made.has(id)) leaveTo(taking, login, place)
  draft.changeAll((each) => (each.id === id ? withPlace(each, place) : withoutPlace(each, place)))
}

/** Whoever stood in the place before keeps its pair, and remembers the new login that stands there now. */
function leaveTo({ draft, now }: Taking, after: Login, { source, key }: PlaceKey): void {
  draft.changeAll((before) => {
    if (before.id === after.id || !stoodLast(before, { source, key })) return before
    const anew = before.kind !== "forgotten" && isSignedInAnew(before, after)
    const successor = { id: after.id, ...(anew && { anew }), place: { source, key } }
    return withSuccessor(withRecord(withoutPlace(before, { source, key }), { displaced: now }), successor)
  })
}

function takeNew(taking: Taking, { login: offered, place, email }: ImportedLogin, hash: string): void {
  const { draft, made, now, byUser, actedAt } = taking
  const inPlace = draft.accounts.flatMap((account) =>
    account.logins.filter((each) => isInPlace(each, place)).map((login) => ({ account, login })),
  )
  const taken = byUser
    ? actedAt
    : inPlace
        .filter(({ account }) => !isShut(account))
        .map(({ login }) => recordOf(login).taken)
        .find((at) => at !== undefined)
  // The user's word brings a removed login back, under the id that its account had.
  const buried = draft.findForgotten((other) => recordOf(other).hashes.includes(hash))
  const login: Login = {
    ...offered,
    id: derivedLoginId(hash),
    record: {
      places: [{ ...place, shown: hash, owed: false }],
      hashes: [hash],
      inherited: [],
      ...present({ taken, owner: buried && ownerOf(buried.login) }),
    },
  }
  made.add(login.id)
  leaveTo(taking, login, place)
  const { id, userId, logins, forgotten, addedAt, record }: Account =
    (buried && draft.get(buried.account.id)) ?? newAccount({ id: draft.freeId(hash), now, logins: [] })
  draft.put({
    ...newAccount({ id, now: addedAt, logins: [...logins, login] }),
    ...present({
      userId,
      email,
      record: byUser ? { ...record, actedAt } : record,
      forgotten: forgotten?.filter((other) => !recordOf(other).hashes.includes(hash)),
    }),
  })
}

/**
 * Rule 8: a version that knows nothing of owners wrote a pair into a row of ours. The row wins: it is a new login, in an
 * account of its own until its owner is known, unless its pair is one that we know; what was there before is remembered in
 * the account that it leaves. The ids of those that are new.
 */
function splitStrange(draft: Draft, offered: readonly ImportedLogin[], now: number): Set<string> {
  const made = new Set<string>()
  for (const account of draft.accounts) {
    if (account.removedAt !== undefined) continue
    for (const login of account.logins)
      if (login.barred === "strange") splitOne({ draft, made, offered, now }, { account, login })
  }
  return made
}

function splitOne(
  { draft, made, offered, now }: Pick<Taking, "draft" | "made" | "now"> & Pick<Import, "offered">,
  { account, login }: HeldLogin,
): void {
  if (login.kind === "api-key") return
  const hash = loginHash(login)
  const { places } = recordOf(login)
  const isKnownTo = (other: Login | ForgottenLogin): boolean => recordOf(other).hashes.includes(hash)
  const held = draft.find((other) => other.barred !== "strange" && isKnownTo(other))
  const over = draft.findForgotten(isKnownTo)
  const known = held ?? (over?.account.id === account.id ? undefined : over)
  const { barred: _, ...rest } = login
  const id = known?.login.id ?? derivedLoginId(hash)
  const left = draft.get(account.id) ?? account
  // Whoever is linked to the login of before is so to what is left of it; of its registration the row still tells.
  const ghost = withRecord(forgetLogin(login, account.userId), { places: [] })
  const forgotten = [...(left.forgotten ?? []), withSuccessor(ghost, { id })]
  const logins = left.logins.filter((each) => each.id !== login.id)
  const isNobodys = account.userId === undefined && logins.length === 0
  if (known !== undefined) {
    if (isNobodys) handOver(draft, { account: left, login }, id)
    else draft.put({ ...left, logins, forgotten })
    return
  }
  made.add(id)
  // Whoever wrote the pair left the registration of the one before; its own is where the pair came from.
  const shown = offered.map((each) => each.login).find((each) => loginHash(each) === hash)
  const row = shown === undefined || shown.kind === "api-key" ? rest : shown
  const apart: TokenLogin = { ...row, id, record: { places, hashes: [hash], inherited: [] } }
  // Nobody's account yet: it goes on with what the row holds.
  draft.put({ ...left, logins: isNobodys ? [apart] : logins, forgotten })
  if (!isNobodys) draft.put(newAccount({ id: draft.freeId(hash), now, logins: [apart] }))
}

/** Nobody's account goes: whoever knows its last pair knows those of before too. */
function handOver(draft: Draft, { account, login }: HeldLogin, to: string): void {
  draft.change(to, (heir) => withInherited(heir, login))
  draft.drop(account.id)
  draft.relink(login, to)
}
