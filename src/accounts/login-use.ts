import { present } from "../json.ts"
import type { Account, ForgottenLogin, Login, LoginRecord } from "./account.ts"
import { type HeldLogin, type KnownLogin, ownerIn, placesOf } from "./draft.ts"
import { isLocked } from "./health.ts"
import { comparable, isAtRest, ownerOf, recordOf, sameRegistration } from "./login.ts"

/** How far each login may be used, as far as the other accounts tell; what its row itself says stays. */
export function withUses(accounts: readonly Account[]): readonly Account[] {
  const all = accounts.flatMap((account) =>
    [...(account.forgotten ?? []), ...account.logins].map((entry): KnownLogin => ({ account, entry })),
  )
  const byId = new Map(
    all.flatMap((known) => (known.entry.id === undefined ? [] : [[known.entry.id, known]])),
  )
  const held = heldBehind(
    all.filter(({ account }) => isShut(account)),
    byId,
  )
  return accounts.map((account) => {
    const logins = account.logins.map((login): Login => {
      const { barred: before, isBehind: wasBehind, ...rest } = login
      const barred = before === "strange" ? before : held.has(login.id) ? ("held" as const) : undefined
      const isBehind = mayBeSuperseded({ account, login }, accounts, byId) ? (true as const) : undefined
      return barred === before && isBehind === wasBehind
        ? login
        : { ...rest, ...present({ barred, isBehind }) }
    })
    return logins.every((login, index) => login === account.logins[index]) ? account : { ...account, logins }
  })
}

type ById = ReadonlyMap<string, KnownLogin>

/** What took the place of a login that is off, removed, suspended or held itself, and nobody knows that it is another's. */
function heldBehind(shut: readonly KnownLogin[], byId: ById): ReadonlySet<string> {
  const held = new Set<string>()
  for (const first of shut) {
    let before = first
    for (;;) {
      const after = byId.get(successorOf(before.entry)?.id ?? "")
      if (after === undefined || !("kind" in after.entry) || recordOf(after.entry).taken !== undefined) break
      if (held.has(after.entry.id) || areTwoPeople(before, after)) break
      held.add(after.entry.id)
      before = after
    }
  }
  return held
}

/**
 * Whether its refresh token may be superseded, and would end its successor with itself: kiro-cli may have renewed what
 * it showed, or what an older plugin copied, also a copy that is named while kiro-cli's is not.
 */
function mayBeSuperseded({ account, login }: HeldLogin, accounts: readonly Account[], byId: ById): boolean {
  const { successor, once } = recordOf(login)
  if (once === true) return false
  if (copiedFrom(accounts, login).length > 0) return true
  if (successor === undefined || successor.anew === true) return false
  const next = byId.get(successor.id)
  if (next === undefined) return true
  if ("kind" in next.entry && next.entry.revoked !== undefined) return false
  return !areTwoPeople({ account, entry: login }, next)
}

function successorOf(entry: Login | ForgottenLogin): LoginRecord["successor"] {
  return "kind" in entry ? recordOf(entry).successor : entry.successor
}

/** Logins of kiro-cli's of which this one may be an older plugin's old copy. */
function copiedFrom(accounts: readonly Account[], login: Login): readonly HeldLogin[] {
  const places = placesOf(login)
  if (places.length === 0 || places.some(({ source }) => source !== "older-plugin")) return []
  return heldLogins(accounts).filter(
    ({ login: other }) =>
      other.revoked === undefined &&
      placesOf(other).some(({ source }) => source === "kiro-cli") &&
      sameRegistration(login, other) &&
      !isAnothers(login, other),
  )
}

/** The logins whose owners decide whether one that rests may be renewed. */
export function restsBehind(accounts: readonly Account[], loginId: string): readonly HeldLogin[] {
  const held = heldLogins(accounts)
  const login = held.find((each) => each.login.id === loginId)?.login
  if (login === undefined) return []
  const successor = held.filter((each) => each.login.id === recordOf(login).successor?.id)
  return [...successor, ...copiedFrom(accounts, login)]
}

function heldLogins(accounts: readonly Account[]): readonly HeldLogin[] {
  return accounts
    .filter(({ removedAt }) => removedAt === undefined)
    .flatMap((account) => account.logins.map((login) => ({ account, login })))
}

/** Whether nothing of it may be used, whoever signs in: off, removed or suspended. */
export function isShut(account: Account): boolean {
  return account.removedAt !== undefined || !account.enabled || isLocked(account)
}

function areTwoPeople(one: KnownLogin, other: KnownLogin): boolean {
  const [left, right] = [ownerIn(one), ownerIn(other)]
  return left !== undefined && right !== undefined && left !== right && comparable(left, right)
}

function isAnothers(one: Login, other: Login): boolean {
  const [left, right] = [ownerOf(one), ownerOf(other)]
  return left !== undefined && right !== undefined && left !== right
}

/**
 * Whether the account is nobody's but a login's that rests behind the one that took its place: it is shown there, not
 * in lists.
 */
export function isResting(account: Account, now: number): boolean {
  return account.userId === undefined && account.logins.length > 0 && account.logins.every(isHidden)

  function isHidden(login: Login): boolean {
    if (login.kind === "api-key") return false
    if (login.barred === "held") return recordOf(login).successor !== undefined
    return isAtRest(login, now) || (login.isBehind === true && login.revoked !== undefined)
  }
}

/** The accounts at rest that are shown under this one: those whose place one of its logins took. */
export function restingUnder(
  account: Account,
  accounts: readonly Account[],
  now: number,
): readonly Account[] {
  const resting = accounts.filter((other) => other.removedAt === undefined && isResting(other, now))
  const found = new Set<Account>()
  const follow = (ids: ReadonlySet<string>): void => {
    for (const other of resting) {
      if (found.has(other) || !other.logins.some((login) => ids.has(recordOf(login).successor?.id ?? "")))
        continue
      found.add(other)
      follow(new Set(other.logins.map(({ id }) => id)))
    }
  }
  follow(new Set(account.logins.map(({ id }) => id)))
  return [...found]
}
