import type { Clock, Log } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { LoginPlace, LoginSource, PlaceKey, TokenLogin, TokenSet } from "../account.ts"
import { successorsIn, withLeft, withPlace } from "../draft.ts"
import { isOfKiroCli, isOwing, pairHash, recordOf, samePlace, withRecord } from "../login.ts"
import type { AccountStore } from "../store/account-store.ts"
import type { StoreFailure } from "../store/database.ts"
import { type ImportedLogin, takeIn } from "../take-in.ts"
import type { Spills } from "./spill.ts"

/** What could not be read of another program's store. It names the file and the key; it never holds a value. */
export interface SourceProblem {
  readonly source: LoginSource
  readonly file: string
  /** The row, table or field. */
  readonly key?: string
  readonly message: string
  /** Why its file could not be opened. */
  readonly failure?: StoreFailure
}

export interface SourceReading {
  readonly logins: readonly ImportedLogin[]
  readonly problems: readonly SourceProblem[]
  /** The places, and the files with all their places, that were not there or could not be read: what they hold is not known. */
  readonly unread: readonly string[]
}

/** The guarded write of a renewed pair into the place of a login. */
export interface PairChange {
  readonly place: PlaceKey
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
  has(place: PlaceKey): boolean
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

export function isUnread({ unread }: Pick<SourceReading, "unread">, { key }: PlaceKey): boolean {
  return unread.some((each) => key === each || key.startsWith(placeIn(each, "")))
}

export interface InStepDependencies {
  readonly store: AccountStore
  readonly sources: readonly SourceStore[]
  readonly clock: Clock
  readonly log: Log
  /** Knows the pairs that the database has not taken yet. */
  readonly spills?: Pick<Spills, "overAll">
}

/** Keeps other programs and us in step: what they show is taken in, what we renewed is written back to them. */
export class InStep {
  readonly #dependencies: InStepDependencies

  constructor(dependencies: InStepDependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Reads the places of a login again, and those that it lost, since a backup may have been put back there, and takes in
   * what they show; of one that stood in kiro-cli also what its other stores and older plugins may have copied of it. Since
   * when one of its places can't be read, in epoch ms: nobody knows then whether its program renewed the login meanwhile.
   */
  async look(login: TokenLogin): Promise<number | undefined> {
    const { sources, store, clock, log, spills } = this.#dependencies
    const { places, left = [], unreadable } = recordOf(login)
    const stoodIn = [...places, ...left, ...successorsIn(login).flatMap(({ place }) => place ?? [])]
    const wasInKiroCli = stoodIn.some(({ source }) => source === "kiro-cli")
    const mayCopy = (source: LoginSource): boolean => wasInKiroCli && isOfKiroCli(source)
    const near = sources.filter((each) => mayCopy(each.source) || stoodIn.some((place) => each.has(place)))
    const readings = await Promise.all(near.map((source) => source.read()))
    const offered = readings
      .flatMap(({ logins }) => logins)
      .filter(({ place }) => mayCopy(place.source) || stoodIn.some((each) => samePlace(each, place)))
    const isKnown = (place: LoginPlace): boolean =>
      near.some((source, index) => {
        const reading = readings[index]
        return source.has(place) && reading !== undefined && !isUnread(reading, place)
      })
    await store.reconcile((accounts) =>
      takeIn(spills?.overAll(accounts) ?? accounts, { offered, now: clock.now(), byUser: false }),
    )
    // A row that its program deleted is owed nothing any more.
    const gone = places.filter(
      (place) => isKnown(place) && !offered.some((one) => samePlace(one.place, place)),
    )
    for (const { file, message } of readings.flatMap(({ problems }) => problems))
      log.debug("a store of another program could not be read whole", { file, message })
    const now = clock.now()
    const since = places.every(isKnown) ? undefined : Math.min(unreadable ?? now, now)
    if (gone.length > 0 || since !== unreadable)
      await store.updateLogin(login.id, (row) =>
        withRecord(gone.reduce(withLeft, row), { unreadable: since }),
      )
    return since
  }

  /** Rule 9: writes the pair into every place that lacks it. What could not be written now stays owed, and is tried again. */
  async pay(login: TokenLogin): Promise<void> {
    const { store, sources, log } = this.#dependencies
    const { places, hashes } = recordOf(login)
    const hash = pairHash(login.tokens)
    for (const place of places.filter(({ owed }) => owed === true)) {
      const source = sources.find((each) => each.has(place))
      const result = await source?.writeBack({ place, replaces: hashes, after: login.tokens })
      if (result === undefined) continue
      log.info("wrote a renewed token back", { source: place.source, result })
      if (result === "unavailable") continue
      await store.updateLogin(login.id, (row) => {
        if (row.kind === "api-key" || pairHash(row.tokens) !== hash) return row
        // Another login was found there meanwhile.
        if (!recordOf(row).places.some((each) => samePlace(each, place))) return row
        if (result === "gone") return withLeft(row, place)
        return withPlace(row, { ...place, ...(result !== "other" && { shown: hash }), owed: false })
      })
    }
  }

  /** Pays whatever is owed, also by accounts that were removed: their pairs go when all programs have them. */
  async payAll(): Promise<void> {
    const { store } = this.#dependencies
    for (const account of await store.listAll())
      for (const login of account.logins)
        if (login.kind !== "api-key" && isOwing(login)) await this.pay(login)
  }
}
