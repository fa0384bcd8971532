import { present } from "../json.ts"
import type { Account, ForgottenLogin, Login, LoginPlace, PlaceKey, Successor } from "./account.ts"
import {
  changeLogin,
  derivedAccountId,
  mayBeOneSignIn,
  ownerOf,
  recordOf,
  samePlace,
  withRecord,
} from "./login.ts"

/** What one pure change over all accounts comes to. */
export interface AccountChanges {
  /** New or changed accounts. */
  readonly put: readonly Account[]
  /** Accounts that are no more. Where they are the same person as another one their sessions and turns become its. */
  readonly gone: readonly { readonly id: string; readonly into?: string }[]
}

export function hasNews({ put, gone }: AccountChanges): boolean {
  return put.length > 0 || gone.length > 0
}

/** A login, or what is left of one, and whose it is or was. */
export interface KnownLogin {
  readonly account: Account
  readonly login: Login | ForgottenLogin
}

export interface HeldLogin extends KnownLogin {
  readonly login: Login
}

/** All accounts while a change over them is worked out. */
export class Draft {
  readonly #before: ReadonlyMap<string, Account>
  readonly #accounts: Map<string, Account>
  readonly #gone: AccountChanges["gone"][number][] = []

  constructor(accounts: readonly Account[]) {
    this.#before = new Map(accounts.map((account) => [account.id, account]))
    this.#accounts = new Map(this.#before)
  }

  get accounts(): readonly Account[] {
    return [...this.#accounts.values()]
  }

  get(id: string): Account | undefined {
    return this.#accounts.get(id)
  }

  /** For an account that a pair founds. One that it founded before may be another login's by now. */
  freeId(hash: string): string {
    let id = derivedAccountId(hash)
    while (this.#accounts.has(id)) id = derivedAccountId(id)
    return id
  }

  put(account: Account): void {
    this.#accounts.set(account.id, account)
  }

  find(wanted: (login: Login, account: Account) => boolean): HeldLogin | undefined {
    for (const account of this.#accounts.values()) {
      const login = account.logins.find((each) => wanted(each, account))
      if (login !== undefined) return { account, login }
    }
    return undefined
  }

  /** What is left of a login that is no more. */
  findForgotten(
    wanted: (login: ForgottenLogin) => boolean,
  ): { readonly account: Account; readonly login: ForgottenLogin } | undefined {
    for (const account of this.#accounts.values()) {
      const login = account.forgotten?.find(wanted)
      if (login !== undefined) return { account, login }
    }
    return undefined
  }

  /** A login, or what is left of one. */
  known(id: string): KnownLogin | undefined {
    return this.find((login) => login.id === id) ?? this.findForgotten((login) => login.id === id)
  }

  /** Gives every login, and whatever is left of one, its turn to change. */
  changeAll(change: <Known extends Login | ForgottenLogin>(login: Known) => Known): void {
    for (const account of this.accounts) {
      const logins = mapSame(account.logins, change)
      const forgotten = account.forgotten && mapSame(account.forgotten, change)
      if (logins !== account.logins || forgotten !== account.forgotten)
        this.put({ ...account, logins, ...(forgotten && { forgotten }) })
    }
  }

  changeAccount(id: string, change: (account: Account) => Account): void {
    const account = this.#accounts.get(id)
    if (account !== undefined) this.put(change(account))
  }

  change(id: string, change: (login: Login) => Login): void {
    const held = this.find((login) => login.id === id)
    if (held !== undefined) this.put(changeLogin(held.account, id, change))
  }

  /** Whoever had `from` for a successor has `into`, which may be the login renewed although `from` was not. */
  relink(from: Login, into: string): void {
    const heir = this.find((login) => login.id === into)?.login
    this.changeAll((login) => {
      const successors = successorsIn(login)
      if (!successors.some(({ id }) => id === from.id)) return login
      const mayBeHeir = heir !== undefined && mayBeOneSignIn(heir, login)
      const become = (successor: Successor): Successor => {
        if (successor.id !== from.id) return successor
        const { anew, ...rest } = successor
        if (mayBeHeir) return { ...rest, id: into }
        // Refused in the login's place it left that free; a refusal of another sign-in tells nothing of that.
        const isFree = anew === true || (from.revoked !== undefined && successor.place !== undefined)
        return isFree ? { ...rest, anew: true, id: into } : { id: into }
      }
      // It may be one of them already.
      const all = new Map(successors.map(become).map((successor) => [successor.id, successor]))
      return withSuccessors(login, [...all.values()])
    })
  }

  /** `into`: the account that turned out to be the same person's. */
  drop(id: string, into?: string): void {
    this.#accounts.delete(id)
    this.#gone.push({ id, ...present({ into }) })
  }

  changes(): AccountChanges {
    const put = this.accounts.filter((account) => account !== this.#before.get(account.id))
    return { put, gone: this.#gone.filter(({ id }) => this.#before.has(id)) }
  }
}

/** The account's logins, and what is left of others. */
export function knownOf(account: Account): readonly KnownLogin["login"][] {
  return [...(account.forgotten ?? []), ...account.logins]
}

/** The same list where no member changed. */
function mapSame<Member>(list: readonly Member[], change: (member: Member) => Member): readonly Member[] {
  const changed = list.map(change)
  return changed.some((member, index) => member !== list[index]) ? changed : list
}

export function withPlace<Kind extends Login | ForgottenLogin>(login: Kind, place: LoginPlace): Kind {
  // A newer version may have written more of it.
  const stood = recordOf(login).places.find((other) => samePlace(other, place))
  const others = withoutPlace(login, place)
  return withRecord(others, { places: [...recordOf(others).places, { ...stood, ...place }] })
}

/** Nor is it the one that stood there last. */
export function withoutPlace<Kind extends Login | ForgottenLogin>(login: Kind, place: PlaceKey): Kind {
  if (!stoodLast(login, place)) return login
  const { places, left = [] } = recordOf(login)
  const isOther = (each: PlaceKey): boolean => !samePlace(each, place)
  return withRecord(login, { places: places.filter(isOther), left: someOf(left.filter(isOther)) })
}

/** Its program emptied the place: nothing is owed there any more. */
export function withLeft<Kind extends Login | ForgottenLogin>(login: Kind, { source, key }: PlaceKey): Kind {
  const without = withoutPlace(login, { source, key })
  return withRecord(without, { left: [...(recordOf(without).left ?? []), { source, key }] })
}

/** It stands where the other one stands, and owes nothing there; and stood last where that did. */
export function withPlacesOf(heir: Login, before: Login): Login {
  const { places, left = [] } = recordOf(before)
  const placed = places.reduce((login, place) => withPlace(login, { ...place, owed: false }), heir)
  return left.filter((place) => !stoodLast(placed, place)).reduce(withLeft, placed)
}

/** Whether the place is its own, or was when its program emptied it. */
export function stoodLast(login: Login | ForgottenLogin, place: PlaceKey): boolean {
  const { places, left = [] } = recordOf(login)
  return [...places, ...left].some((each) => samePlace(each, place))
}

function someOf<Member>(list: readonly Member[]): readonly Member[] | undefined {
  return list.length === 0 ? undefined : list
}

export function isInPlace(login: Login | ForgottenLogin, place: PlaceKey): boolean {
  return recordOf(login).places.some((each) => samePlace(each, place))
}

/** The logins that its places showed instead of it; the last one first. */
export function successorsIn(login: Login | ForgottenLogin): readonly Successor[] {
  return recordOf(login).successors ?? []
}

/** `successors`: as `successorsIn` gives them. */
export function withSuccessors<Kind extends Login | ForgottenLogin>(
  login: Kind,
  successors: readonly Successor[],
): Kind {
  return withRecord(login, { successors: someOf(successors) })
}

/** The same login where that is none of them. */
export function withoutSuccessor<Kind extends Login | ForgottenLogin>(login: Kind, loginId: string): Kind {
  const all = successorsIn(login)
  const left = all.filter(({ id }) => id !== loginId)
  return left.length === all.length ? login : withSuccessors(login, left)
}

/** The last one first, and each once. */
export function withSuccessor<Kind extends Login | ForgottenLogin>(login: Kind, successor: Successor): Kind {
  const others = successorsIn(login).filter(({ id }) => id !== successor.id)
  return withSuccessors(login, [successor, ...others])
}

/** A person's id, as far as the service named the login, or the account that it is in; what is left of one says it itself. */
export function ownerIn({ account, login }: KnownLogin): string | undefined {
  return ownerOf(login) ?? (login.kind === "forgotten" ? undefined : account.userId)
}
