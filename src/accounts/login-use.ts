import { present } from "../json.ts"
import type { Account, ForgottenLogin, Login, LoginSource, Successor, TokenLogin } from "./account.ts"
import { type HeldLogin, type KnownLogin, knownOf, ownerIn, successorsIn } from "./draft.ts"
import { isLocked } from "./health.ts"
import {
  comparable,
  isAtRest,
  isCopy,
  isInKiroCli,
  isOfKiroCli,
  mayBeOneSignIn,
  ownerOf,
  recordOf,
  renewalOf,
} from "./login.ts"

/** How far each login may be used, as far as the other accounts tell; what its row itself says stays. */
export function withUses(accounts: readonly Account[]): readonly Account[] {
  const all = accounts.flatMap((account) => knownOf(account).map((login): KnownLogin => ({ account, login })))
  const byId = new Map(
    all.flatMap((known) => (known.login.id === undefined ? [] : [[known.login.id, known]])),
  )
  const held = heldBehind(accounts, byId)
  return accounts.map((account) => ({
    ...account,
    logins: account.logins.map((login): Login => {
      const { barred: before, isBehind: _, ...rest } = login
      const barred = before === "strange" ? before : held.has(login.id) ? ("held" as const) : undefined
      const isBehind = mayBeSuperseded({ account, login }, accounts, byId) ? (true as const) : undefined
      return { ...rest, ...present({ barred, isBehind }) }
    }),
  }))
}

/** Who took the login's places, one after the other and each once; `find` knows them by their ids. */
export function* successorsOf<Known extends Pick<KnownLogin, "login">>(
  first: Known,
  find: (id: string) => Known | undefined,
): Generator<Known> {
  const found = new Set([first.login.id])
  const left = [first]
  for (let known = left.shift(); known !== undefined; known = left.shift()) {
    if (known !== first) yield known
    for (const { id } of successorsIn(known.login)) {
      const next = found.has(id) ? undefined : find(id)
      if (next === undefined) continue
      found.add(id)
      left.push(next)
    }
  }
}

type ById = ReadonlyMap<string, KnownLogin>

/**
 * Rule 5: what took the place of a login that is off, removed, suspended or held itself, and nobody knows that it is
 * another's.
 */
function heldBehind(accounts: readonly Account[], byId: ById): ReadonlySet<string> {
  const held = new Set<string>()
  const left = [...byId.values()].flatMap((first) => {
    const since = shutSince(first.account)
    return since === undefined ? [] : [{ before: first, since }]
  })
  for (const { before, since } of left) {
    // Behind a held one the links alone count: what may be it renewed may be the shut one renewed, too.
    const unseen = isShut(before.account) ? unseenAfter(before, accounts, byId) : []
    for (const { id = "" } of [...successorsIn(before.login), ...unseen]) {
      const after = byId.get(id)
      if (after === undefined || held.has(id)) continue
      if ((recordOf(after.login).taken ?? 0) > since) continue
      if (areTwoPeople(before, after)) continue
      held.add(id)
      left.push({ before: after, since })
    }
  }
  return held
}

/** What may be it renewed, and took no place of it or of those behind it. */
function unseenAfter(
  known: KnownLogin,
  accounts: readonly Account[],
  byId: ById,
): readonly KnownLogin["login"][] {
  const renewals = unseenRenewals(known.login, accounts)
  if (renewals.length === 0) return renewals
  const linked = [...successorsOf<KnownLogin>(known, (id) => byId.get(id))]
  const seen = new Set(linked.map(({ login }) => login.id))
  return renewals.filter(({ id }) => !seen.has(id))
}

/** What kiro-cli may have renewed it to: what it shows still, it has not renewed. */
export function unseenRenewals(
  login: KnownLogin["login"],
  accounts: readonly Account[],
): readonly KnownLogin["login"][] {
  return isInKiroCli(login) ? [] : renewalsOf(login, accounts)
}

/**
 * Rule 2: whether its refresh token may be superseded, and would end its successor with itself: kiro-cli may have renewed what
 * it showed, or what an older plugin copied, also a copy that is named while kiro-cli's is not.
 */
function mayBeSuperseded(held: HeldLogin, accounts: readonly Account[], byId: ById): boolean {
  if (recordOf(held.login).once === true) return false
  const mayBeHeir = ({ id, anew, place }: Successor): boolean => {
    if (anew === true) return false
    const next = byId.get(id)
    if (next === undefined) return true
    // Whoever took no place of it stands for what it was renewed to unseen, which another program has.
    const isRefused =
      place !== undefined && next.login.kind !== "forgotten" && isRefusedFor(held.login, next.login)
    return !isRefused && !areTwoPeople(held, next)
  }
  return successorsIn(held.login).some(mayBeHeir) || renewalsOf(held.login, accounts).length > 0
}

/**
 * Logins of kiro-cli's that this one may have become, though neither is known to have taken the other's place: kiro-cli
 * renewed it, and it is a copy, in an older plugin's table or in a store that kiro-cli began with and left behind; or the
 * renewed one is, and kiro-cli has it no more. Of two copies neither says anything of the other. Those in whose place
 * another stands by now too, which are what would be lost; and those of accounts that were removed, and may be back, that
 * kiro-cli has still, which it would lose.
 */
function renewalsOf(
  login: Login | ForgottenLogin,
  accounts: readonly Account[],
): readonly (Login | ForgottenLogin)[] {
  if (!sourcesOf(login).every(isOfKiroCli)) return []
  const live = liveLogins(accounts)
  const refused = new Set(live.filter(({ revoked }) => revoked !== undefined).map(({ id }) => id))
  const isOver = (gone: ForgottenLogin): boolean => successorsIn(gone).some(({ id }) => refused.has(id))
  const removed = accounts.flatMap(({ forgotten = [] }) =>
    forgotten.filter((gone) => isInKiroCli(gone) && !isOver(gone)),
  )
  const ofKiroCli = live.filter(
    (other) =>
      !isRefusedFor(login, other) &&
      (other.source === "kiro-cli" || isInKiroCli(other) || (wasCopied(other) && !isCopy(login))),
  )
  const found = [...ofKiroCli, ...removed].filter(
    (other) => seemsRenewed(login, other) && !isAnothers(login, other),
  )
  if (found.length === 0) return found
  const chain = chainOf(accounts, login)
  return found.filter((other) => !chain.has(other.id))
}

/** Where it stands; of one that stands nowhere any more, where it was first. */
function sourcesOf(login: Login | ForgottenLogin): readonly LoginSource[] {
  const { places } = recordOf(login)
  return places.length > 0 ? places.map(({ source }) => source) : [login.source]
}

/** Whether it is a copy, or was until another pair took its place. */
function wasCopied(login: Login): boolean {
  return sourcesOf(login).every((source) => source === "older-plugin")
}

/** Whether the other is no more what the login may have become. Of a pair whose part it took its refusal says nothing. */
function isRefusedFor(login: Login | ForgottenLogin, other: Login): boolean {
  return other.revoked !== undefined && (ownerOf(login) !== undefined || !showsInherited(other))
}

/** Whether kiro-cli shows a pair whose part the login took, as behind a backup. */
function showsInherited(login: Login): boolean {
  const { places, inherited } = recordOf(login)
  return places.some(({ source, shown = "" }) => source === "kiro-cli" && inherited.includes(shown))
}

/** The logins that this one may be renewed, though it is not known to have taken a place of theirs. */
export function renewedUnseen(accounts: readonly Account[], { id }: Login): readonly Login[] {
  return liveLogins(accounts).filter((login) => renewalsOf(login, accounts).some((after) => after.id === id))
}

/** Whether the second is the first one renewed, as far as their ends and their sign-ins tell. */
function seemsRenewed(before: Login | ForgottenLogin, after: Login | ForgottenLogin): boolean {
  return endsBefore(before, after) && mayBeOneSignIn(before, after)
}

/** Of a copy and what is or was kiro-cli's own, the copy is the older one where their ends do not tell: 0 is not known. */
function endsBefore(one: Login | ForgottenLogin, other: Login | ForgottenLogin): boolean {
  const [left = 0, right = 0] = [renewalOf(one)?.expiresAt, renewalOf(other)?.expiresAt]
  const areAlike = isCopy(one) === isCopy(other)
  return areAlike || (left > 0 && right > 0 && left !== right) ? left < right : isCopy(one)
}

/**
 * The ids of the login, of all that stood in its place before it, and of those behind it of which its successor decides: of
 * a named one all, by rule 2; of another one that alone, since a backup may have been put back and renewed behind it.
 */
function chainOf(
  accounts: readonly Account[],
  login: Login | ForgottenLogin,
): ReadonlySet<string | undefined> {
  const known = accounts.filter(({ removedAt }) => removedAt === undefined).flatMap(knownOf)
  const links = known.flatMap((each) => successorsIn(each).map(({ id }) => ({ before: each.id ?? "", id })))
  const bySuccessor = Map.groupBy(links, ({ id }) => id)
  const byId = new Map(liveLogins(accounts).map((each) => [each.id, { login: each }]))
  const before = new Set([login.id ?? ""])
  // Whoever is found meanwhile is followed too.
  for (const id of before) for (const link of bySuccessor.get(id) ?? []) before.add(link.before)
  const isNamed = ownerOf(login) !== undefined
  const after = isNamed
    ? [...successorsOf<Pick<KnownLogin, "login">>({ login }, (id) => byId.get(id))].map((each) => each.login)
    : []
  return new Set([...before, ...[...successorsIn(login), ...after].map(({ id }) => id)])
}

/** The logins whose owners decide whether one that rests may be renewed. */
export function restsBehind(accounts: readonly Account[], loginId: string): readonly TokenLogin[] {
  const all = liveLogins(accounts)
  const login = all.find(({ id }) => id === loginId)
  if (login === undefined) return []
  const successors = all.filter(({ id }) => successorsIn(login).some((each) => each.id === id))
  return [...successors, ...renewalsOf(login, accounts)].filter(
    (each) => each.kind !== "api-key" && each.kind !== "forgotten",
  )
}

function liveLogins(accounts: readonly Account[]): readonly Login[] {
  return accounts.filter(({ removedAt }) => removedAt === undefined).flatMap(({ logins }) => logins)
}

/** Whether nothing of it may be used, whoever signs in: off, removed or suspended. */
export function isShut(account: Account): boolean {
  return shutSince(account) !== undefined
}

/** 0 where nobody wrote it down. What its user took in later is not held. */
function shutSince({ removedAt, enabled, record, health }: Account): number | undefined {
  if (removedAt !== undefined) return removedAt
  const offSince = enabled ? undefined : (record?.actedAt ?? 0)
  const lockedSince = health.state === "revoked" && isLocked({ health }) ? health.since : undefined
  return offSince === undefined ? lockedSince : Math.max(offSince, lockedSince ?? 0)
}

function areTwoPeople(one: KnownLogin, other: KnownLogin): boolean {
  const [left, right] = [ownerIn(one), ownerIn(other)]
  return left !== undefined && right !== undefined && left !== right && comparable(left, right)
}

/** Whether the service named both, as two people. */
function isAnothers(one: Login | ForgottenLogin, other: Login | ForgottenLogin): boolean {
  const [left, right] = [ownerOf(one), ownerOf(other)]
  return left !== undefined && right !== undefined && left !== right
}

/**
 * Rule 3: whether the account is nobody's but a login's that rests behind the one that took its place: it is shown there, not
 * in lists.
 */
export function isResting(account: Account, now: number): boolean {
  return account.userId === undefined && account.logins.length > 0 && account.logins.every(isHidden)

  function isHidden(login: Login): boolean {
    if (login.kind === "api-key") return false
    if (login.barred === "held") return successorsIn(login).length > 0
    return isAtRest(login, now) || (login.isBehind === true && login.revoked !== undefined)
  }
}

/** The accounts at rest that are shown under this one: those that rest behind one of its logins, or behind each other. */
export function restingUnder(
  account: Account,
  accounts: readonly Account[],
  now: number,
): readonly Account[] {
  const resting = accounts
    .filter((other) => other.removedAt === undefined && isResting(other, now))
    .map((other) => ({ other, behind: other.logins.flatMap(({ id }) => restsBehind(accounts, id)) }))
  const found = new Set<Account>()
  const ids = new Set(account.logins.map(({ id }) => id))
  // Whoever is found meanwhile is followed too.
  for (const id of ids)
    for (const { other, behind } of resting) {
      if (!behind.some((each) => each.id === id)) continue
      found.add(other)
      for (const login of other.logins) ids.add(login.id)
    }
  return [...found]
}
