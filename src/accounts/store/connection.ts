import { existsSync } from "node:fs"
import type { Clock, Log } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { Notice } from "../notices.ts"
import {
  type Database,
  type DatabaseDriver,
  passesSoon,
  StoreError,
  type StoreFailure,
  storeFailure,
} from "./database.ts"
import {
  emptyLog,
  identityOf,
  inOneLook,
  inTransaction,
  openFile,
  openMemory,
  prune,
  setAside,
} from "./file.ts"
import { type Attempt, attempted, PATIENCE_MS, patiently } from "./patience.ts"

/** How often the file is looked for again while everything is in memory, in ms: a short fault is over when it is over. */
const LOOK_AGAIN_MS = 1000
/** Whoever reads the log meanwhile is done in milliseconds. */
const FORGET_TRIES = 10
const FORGET_WAIT_MS = 20
const PRUNE_EVERY_MS = 60 * 60_000
/** Where one batch was not enough: many windows write more in an hour than that. */
const PRUNE_ON_MS = 60_000

export interface StoreOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** Uniform in [0, 1): the jitter of waits for a locked database. */
  readonly random: () => number
  readonly notify?: (notice: Notice) => void
  /** Everything happens on a copy in memory: the file is read at most. */
  readonly rehearse?: boolean
  /** `KIRO_API_KEY`: it is never written down. */
  readonly environmentKey?: Secret | undefined
  /** Absent: the SQLite of the runtime. */
  readonly driver?: DatabaseDriver
}

type ConnectionOptions = Required<Omit<StoreOptions, "environmentKey">>

interface WriteOptions {
  /** The write is on the disk before the call returns (`synchronous=FULL`): tokens. */
  readonly durable?: boolean
  /** The change is worth something also where it is not kept beyond this process. */
  readonly passing?: boolean
  /** How long a locked database is waited for; a wait shorter than the usual one ends without a notice. */
  readonly patienceMs?: number
  /** Called in the same tick in which the change was kept. A full disk may refuse it as late as at its `COMMIT`. */
  readonly whenKept?: () => void
}

type Change<Value> = (database: Database) => Value

/**
 * One file, opened by the first use that needs it. Every statement is synchronous and short, with no busy timeout:
 * a locked database is waited for on the clock, so the event loop never stands still.
 */
export class Connection {
  readonly clock: Clock
  readonly #options: ConnectionOptions
  readonly #writing = new Set<Promise<unknown>>()
  #pruneAt = -Infinity
  #database: Database | undefined
  #identity: string | undefined
  #seenThisTurn = false
  /** Why everything is in memory, and when the file was tried last. */
  #memory: StoreFailure | undefined
  #triedAt = 0
  #owesEmptyLog = false
  #closed = false
  readonly #told = new Set<string>()

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.clock = options.clock
  }

  /** Whether nothing is kept beyond this process, because the file could not be used. */
  get inMemory(): boolean {
    return this.#options.rehearse || this.#memory !== undefined
  }

  /** `whenAbsent` where there is no file yet: reading makes none. */
  read<Value>(query: (database: Database) => Value, whenAbsent: Value): Promise<Value> {
    const isAbsent = this.#database === undefined && !existsSync(this.#options.path)
    if (isAbsent) return Promise.resolve(whenAbsent)
    const look = (database: Database): Value => inOneLook(database, () => query(database))
    return this.#patiently(() => this.#try(look))
  }

  /** Runs `change` in one immediate transaction; rejects with a `StoreError` where it could not be made. */
  async write<Value>(change: Change<Value>, options: WriteOptions = {}): Promise<Value> {
    const writing = this.#patiently(() => this.attempt(change, options), options.patienceMs)
    this.#writing.add(writing)
    try {
      const value = await writing
      this.#prune()
      return value
    } finally {
      this.#writing.delete(writing)
    }
  }

  /** As `write`; where the change could not be made it is lost, and the answer is `otherwise`. */
  async writeOr<Value, Otherwise>(
    otherwise: Otherwise,
    change: Change<Value>,
    options?: WriteOptions,
  ): Promise<Value | Otherwise> {
    try {
      return await this.write(change, options)
    } catch (error) {
      // It was logged, and the user was told.
      if (error instanceof StoreError) return otherwise
      throw error
    }
  }

  /** One synchronous try of `write`, for a caller that can't let a tick pass. */
  attempt<Value>(
    change: Change<Value>,
    { durable = false, passing = false, whenKept }: WriteOptions = {},
  ): Attempt<Value> {
    // What must be kept goes into the file that has the name now.
    if (durable) this.#seenThisTurn = false
    const attempt = this.#try((database) => {
      // What must be kept is not kept in memory.
      if (durable && !passing && this.#memory !== undefined) throw new StoreError(this.#memory)
      // Not allowed inside a transaction.
      if (durable) database.get("PRAGMA synchronous = FULL")
      try {
        return inTransaction(database, () => change(database))
      } finally {
        if (durable) database.get("PRAGMA synchronous = NORMAL")
      }
    })
    if (attempt.done) whenKept?.()
    if (attempt.done && this.#memory === undefined) this.#told.clear()
    return attempt
  }

  /** What was deleted is in no file any more, or will be when the store closes. */
  async forgetDeleted(): Promise<void> {
    for (let tries = 0; tries < FORGET_TRIES && !this.#emptyLog(); tries += 1)
      await this.clock.sleep(FORGET_WAIT_MS)
  }

  /** The next use looks for the file again, however short ago that was done. */
  lookNow(): void {
    this.#triedAt = -Infinity
  }

  /** Waits for writes under way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#writing)
    if (this.#owesEmptyLog) this.#emptyLog()
    this.#closed = true
    this.#forget()
  }

  /** Whether the log beside the file was emptied, with whatever was deleted from the file; others may be reading it. */
  #emptyLog(): boolean {
    if (this.#memory !== undefined || this.#database === undefined) return true
    const attempt = this.#once(emptyLog)
    this.#owesEmptyLog = !attempt.done || !attempt.value
    return !this.#owesEmptyLog
  }

  #prune(): void {
    const now = this.clock.now()
    if (now < this.#pruneAt) return
    const pruned = this.attempt((database) => prune(database, now))
    this.#pruneAt = now + (pruned.done && pruned.value ? PRUNE_ON_MS : PRUNE_EVERY_MS)
  }

  async #patiently<Value>(attempt: () => Attempt<Value>, patienceMs = PATIENCE_MS): Promise<Value> {
    const tried = await patiently(attempt, { ...this.#options, patienceMs })
    if (tried.done) return tried.value
    const isShort = patienceMs < PATIENCE_MS && passesSoon(tried.failure)
    throw isShort ? new StoreError(tried.failure, tried.error) : this.#report(tried)
  }

  #report({ failure, error }: { readonly failure: StoreFailure; readonly error: unknown }): StoreError {
    const { log, path } = this.#options
    log.warn("the account database could not be used", { failure, error, path })
    this.#tell({ kind: "store-trouble", failure, path })
    return new StoreError(failure, error)
  }

  /** Each trouble once, until it is over. */
  #tell(notice: Extract<Notice, { kind: "store-trouble" }>): void {
    const trouble = `${notice.failure} ${notice.backup ?? ""}`
    if (this.#told.has(trouble)) return
    this.#told.add(trouble)
    this.#options.notify(notice)
  }

  #try<Value>(action: (database: Database) => Value): Attempt<Value> {
    if (this.#closed) return this.#tryLate(action)
    const first = this.#once(action)
    if (first.done || passesSoon(first.failure) || this.#memory !== undefined) return first
    return this.#recover(first) ? this.#once(action) : first
  }

  /** An answer that outlives its instance has its credits counted: the file is opened for that alone. */
  #tryLate<Value>(action: (database: Database) => Value): Attempt<Value> {
    if (this.inMemory || !existsSync(this.#options.path))
      return { done: false, failure: "failed", error: new Error("the store is closed") }
    try {
      return this.#once(action)
    } finally {
      this.#forget()
    }
  }

  #once<Value>(action: (database: Database) => Value): Attempt<Value> {
    return attempted(() => action(this.#open()))
  }

  /** The open database, or a new one where the file was removed or replaced under us. */
  #open(): Database {
    const { path, rehearse } = this.#options
    if (rehearse) return (this.#database ??= openMemory(this.#options))
    if (this.#memory !== undefined) this.#lookAgain()
    if (this.#database !== undefined && (this.#memory !== undefined || this.#isThere())) return this.#database
    this.#forget()
    this.#database = openFile(this.#options)
    this.#identity = identityOf(path)
    return this.#database
  }

  /** Looked at once in a turn of the event loop, which holds many small reads. */
  #isThere(): boolean {
    if (this.#seenThisTurn) return true
    const isThere = identityOf(this.#options.path) === this.#identity
    if (!isThere) return false
    this.#seenThisTurn = true
    void this.#options.clock.turn().then(() => (this.#seenThisTurn = false))
    return true
  }

  /** Goes back to the file where it can be used again; what is in memory is found there, or by its sources, anew. */
  #lookAgain(): void {
    const { path, clock, log } = this.#options
    if (Math.abs(clock.now() - this.#triedAt) < LOOK_AGAIN_MS) return
    this.#triedAt = clock.now()
    try {
      const database = this.#openAgain()
      this.#forget()
      this.#database = database
      this.#identity = identityOf(path)
      this.#memory = undefined
      this.#told.clear()
      log.info("the account database can be used again", { path })
    } catch (error) {
      log.debug("the account database can't be used yet", { path, error })
    }
  }

  /** A damaged file that could not be moved away, because another program had it open, may be free now. */
  #openAgain(): Database {
    try {
      return openFile(this.#options)
    } catch (error) {
      if (storeFailure(error) === "corrupt" && this.#replaceDamaged(error)) return openFile(this.#options)
      throw error
    }
  }

  #forget(): void {
    this.#database?.close()
    this.#database = undefined
  }

  /** Whether there is a database to try again with. */
  #recover({ failure, error }: { readonly failure: StoreFailure; readonly error: unknown }): boolean {
    const { log, path, clock } = this.#options
    if (failure === "failed") return false
    // A full disk may have room again at the next write, and the file still reads.
    if (this.#database !== undefined && (failure === "full" || failure === "unavailable")) return false
    this.#forget()
    if (failure === "corrupt" && this.#replaceDamaged(error)) return true
    log.error("accounts are kept in memory only", { failure, path, error })
    this.#tell({ kind: "store-trouble", failure, path, inMemory: true })
    this.#memory = failure
    this.#triedAt = clock.now()
    this.#database = openMemory(this.#options)
    return true
  }

  /** Whether a damaged file is out of the way, or another process has put a sound one in its place. */
  #replaceDamaged(error: unknown): boolean {
    const { log, path, clock } = this.#options
    const backup = setAside(this.#options, clock.now())
    if (backup === undefined) return false
    log.error("the account database was damaged", { path, backup, error })
    if (backup !== "sound") this.#tell({ kind: "store-trouble", failure: "corrupt", path, backup })
    return true
  }
}
