import type { Account, ForgottenLogin, Login, LoginRecord, LoginUse } from "./account.ts"
import { type HeldLogin, type KnownLogin, ownerIn, placesOf } from "./draft.ts"
import { isLocked } from "./health.ts"
import { comparable, ownerOf, recordOf, sameRegistration } from "./login.ts"
import { accountName } from "./name.ts"
import { typedName } from "./words.ts"

/** How far each login may be used, as far as the other accounts tell; what its row itself says stays. */
export function withUses(accounts: readonly Account[]): readonly Account[] {
  const view = new View(accounts)
  return accounts.map((account) => {
    const logins = account.logins.map((login): Login => {
      const use = login.use === "strange" ? login.use : view.useOf({ account, login })
      if (use === login.use) return login
      const { use: _, ...rest } = login
      return use === undefined ? rest : { ...rest, use }
    })
    return logins.every((login, index) => login === account.logins[index]) ? account : { ...account, logins }
  })
}

class View {
  readonly #accounts: readonly Account[]
  readonly #byId = new Map<string, KnownLogin>()
  readonly #held: ReadonlySet<string>

  constructor(accounts: readonly Account[]) {
    this.#accounts = accounts
    const all = accounts.flatMap((account) =>
      [...(account.forgotten ?? []), ...account.logins].map((entry): KnownLogin => ({ account, entry })),
    )
    for (const known of all) if (known.entry.id !== undefined) this.#byId.set(known.entry.id, known)
    this.#held = this.#heldBehind(all.filter(({ account }) => isShut(account)))
  }

  useOf({ account, login }: HeldLogin): LoginUse | undefined {
    if (this.#held.has(login.id)) return "held"
    return this.isBehind({ account, login }) ? "to-its-end" : undefined
  }

  /** Whether its refresh token may be superseded. */
  isBehind({ account, login }: HeldLogin): boolean {
    return this.#maySupersede({ account, login }) || this.#isOldCopy(login)
  }

  /** What took the place of a login that is off, removed, suspended or held itself, and nobody knows that it is another's. */
  #heldBehind(shut: readonly KnownLogin[]): ReadonlySet<string> {
    const held = new Set<string>()
    for (const first of shut) {
      let before = first
      for (;;) {
        const after = this.#byId.get(successorOf(before.entry)?.id ?? "")
        if (after === undefined || !("kind" in after.entry) || recordOf(after.entry).taken !== undefined)
          break
        if (held.has(after.entry.id) || areTwoPeople(before, after)) break
        held.add(after.entry.id)
        before = after
      }
    }
    return held
  }

  /** Its successor may be the same login, renewed: its own refresh token would end both. */
  #maySupersede({ account, login }: HeldLogin): boolean {
    const { successor, once } = recordOf(login)
    if (successor === undefined || successor.anew === true || once === true) return false
    const next = this.#byId.get(successor.id)
    if (next === undefined) return true
    if ("kind" in next.entry && next.entry.revoked !== undefined) return false
    return !areTwoPeople({ account, entry: login }, next)
  }

  /** An older plugin's copy of what kiro-cli may have renewed since, also one that is named: kiro-cli's is not. */
  #isOldCopy(login: Login): boolean {
    return recordOf(login).once !== true && copiedFrom(this.#accounts, login).length > 0
  }
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

/** Whether the refresh token of a login may be superseded, also of one that is held. */
export function isBehindAnother(accounts: readonly Account[], loginId: string): boolean {
  const found = heldLogins(accounts).find(({ login }) => login.id === loginId)
  return found !== undefined && new View(accounts).isBehind(found)
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
  return account.userId === undefined && account.logins.length > 0 && account.logins.every(isBehind)

  function isBehind(login: Login): boolean {
    if (login.kind === "api-key") return false
    if (login.use === "held") return recordOf(login).successor !== undefined
    return login.use === "to-its-end" && (login.tokens.expiresAt <= now || login.revoked !== undefined)
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

/** Why a login of this account is not renewed while it is behind another, and what its user can do. */
export function whyBehind(account: Account | undefined, command: string): string {
  const typed = account === undefined ? "ACCOUNT" : typedName(accountName(account))
  return `a newer sign-in took its place, and it is not known yet whose that is; \`${command} accounts enable ${typed}\` uses this one all the same, which may sign kiro-cli out`
}
