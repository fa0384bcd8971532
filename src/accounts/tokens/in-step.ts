import type { Clock, Log } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { Login, LoginPlace, LoginSource, TokenLogin, TokenSet } from "../account.ts"
import {
  changeLogin,
  isOwing,
  pairHash,
  recordOf,
  samePlace,
  withoutPlace,
  withPlace,
  withRecord,
} from "../login.ts"
import type { AccountStore } from "../store/account-store.ts"
import { type ImportedLogin, takeIn } from "../take-in.ts"

/** What could not be read of another program's store. It names the file and the key; it never holds a value. */
export interface SourceProblem {
  readonly source: LoginSource
  readonly file: string
  /** The row, table or field. */
  readonly key?: string
  readonly message: string
}

export interface SourceReading {
  readonly logins: readonly ImportedLogin[]
  readonly problems: readonly SourceProblem[]
  /** The places, and the files with all their places, that were not there or could not be read: what they hold is not known. */
  readonly unread: readonly string[]
}

export type Place = Pick<LoginPlace, "source" | "key">

/** The guarded write of a renewed pair into the place of a login. */
export interface PairChange {
  readonly place: Place
  /** The hashes of the pairs that ours replaces. */
  readonly replaces: readonly string[]
  readonly after: TokenSet
}

/**
 * `current`: it held ours already. `other`: a pair that ours does not replace, and that was left alone. `gone`: the
 * store was read and has no such row. `unavailable`: it is not there, locked, or can't be written just now.
 */
export type WriteBack = "written" | "current" | "other" | "gone" | "unavailable"

/** Another program's login store, given to the token keeper as functions. No method throws or blocks the event loop. */
export interface SourceStore {
  readonly source: LoginSource
  /** The key of the environment. */
  readonly key?: Secret | undefined
  /** Whether the place is in one of the files that are looked at here. */
  has(place: Place): boolean
  read(): Promise<SourceReading>
  /** Changes when the store changed since: file times and sizes, nothing opened. */
  fingerprint(): string
  /** Writes only into the row that holds a pair that ours replaces: three fields, in that row's own spelling. */
  writeBack(change: PairChange): Promise<WriteBack>
}

/** The place of a login in a database: the file, and the row after a `#`. */
export function placeIn(file: string, row: string): string {
  return `${file}#${row}`
}

export function isUnread({ unread }: Pick<SourceReading, "unread">, { key }: Place): boolean {
  return unread.some((each) => key === each || key.startsWith(placeIn(each, "")))
}

export interface InStepDependencies {
  readonly store: Pick<AccountStore, "listAll" | "update" | "reconcile">
  readonly sources: readonly SourceStore[]
  readonly clock: Clock
  readonly log: Log
}

/** Keeps other programs and us in step: what they show is taken in, what we renewed is written back to them. */
export class InStep {
  readonly #dependencies: InStepDependencies

  constructor(dependencies: InStepDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Reads the places of a login again and takes in what they show, of one of kiro-cli's also what older plugins copied
   * from there. Since when one of its places can't be read, in epoch ms: nobody knows then whether its program renewed
   * the login meanwhile.
   */
  async look(login: TokenLogin): Promise<number | undefined> {
    const { sources, store, clock, log } = this.#dependencies
    const { places, unreadable } = recordOf(login)
    const isKiroClis = places.some(({ source }) => source === "kiro-cli")
    const isCopies = (source: LoginSource): boolean => isKiroClis && source === "older-plugin"
    const near = sources.filter((each) => isCopies(each.source) || places.some((place) => each.has(place)))
    const readings = await Promise.all(near.map((source) => source.read()))
    const offered = readings
      .flatMap(({ logins }) => logins)
      .filter(({ place }) => isCopies(place.source) || places.some((each) => samePlace(each, place)))
    const isKnown = (place: LoginPlace): boolean =>
      near.some((source, index) => {
        const reading = readings[index]
        return source.has(place) && reading !== undefined && !isUnread(reading, place)
      })
    await store.reconcile((accounts) => takeIn(accounts, { offered, now: clock.now(), byUser: false }))
    // A row that its program deleted is owed nothing any more.
    const gone = places.filter(
      (place) => isKnown(place) && !offered.some((one) => samePlace(one.place, place)),
    )
    if (gone.length > 0) await changeStored(store, login.id, (row) => gone.reduce(withoutPlace, row))
    for (const { file, message } of readings.flatMap(({ problems }) => problems))
      log.debug("a store of another program could not be read whole", { file, message })
    const now = clock.now()
    const since = places.every(isKnown) ? undefined : Math.min(unreadable ?? now, now)
    if (since !== unreadable)
      await changeStored(store, login.id, (row) => withRecord(row, { unreadable: since }))
    return since
  }

  /** Rule 9: writes the pair into every place that lacks it. What could not be written now stays owed, and is tried again. */
  async pay(login: TokenLogin): Promise<void> {
    const { store } = this.#dependencies
    const { places, hashes } = recordOf(login)
    const hash = pairHash(login.tokens)
    for (const place of places.filter(({ owed }) => owed === true)) {
      const result = await this.#write(login, { place, replaces: hashes })
      if (result === "unavailable") continue
      await changeStored(store, login.id, (row) => {
        if (row.kind === "api-key" || pairHash(row.tokens) !== hash) return row
        if (result === "gone") return withoutPlace(row, place)
        const shown = result === "other" ? place.shown : hash
        return withPlace(row, { ...place, ...(shown !== undefined && { shown }), owed: false })
      })
    }
  }

  async #write(
    login: TokenLogin,
    { place, replaces }: { readonly place: LoginPlace; readonly replaces: readonly string[] },
  ): Promise<WriteBack> {
    const { sources, log } = this.#dependencies
    const source = sources.find((candidate) => candidate.has(place))
    if (source === undefined) return "unavailable"
    const result = await source.writeBack({ place, replaces, after: login.tokens })
    log.info("wrote a renewed token back", { source: place.source, result })
    return result
  }

  /** Pays whatever is owed, also by accounts that were removed: their pairs go when all programs have them. */
  async payAll(): Promise<void> {
    const { store } = this.#dependencies
    for (const account of await store.listAll())
      for (const login of account.logins)
        if (login.kind !== "api-key" && isOwing(login)) await this.pay(login)
  }
}

/** Changes a stored login, whoever has it by now. One of a removed account goes as soon as it owes nothing. */
export async function changeStored(
  store: Pick<AccountStore, "listAll" | "update">,
  loginId: string,
  change: (login: Login) => Login,
): Promise<void> {
  const holder = (await store.listAll()).find(({ logins }) => logins.some(({ id }) => id === loginId))
  if (holder === undefined) return
  await store.update(holder.id, (account) => {
    const changed = changeLogin(account, loginId, change)
    if (changed === account || account.removedAt === undefined) return changed
    return { ...changed, logins: changed.logins.filter(isOwing) }
  })
}
