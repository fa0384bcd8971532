import { existsSync } from "node:fs"
import type { Clock, Log } from "../../runtime.ts"
import type { Notice } from "../notices.ts"
import type { Database, DatabaseDriver } from "./database.ts"
import { StoreError, type StoreFailure, storeFailure } from "./failure.ts"
import { identityOf, inTransaction, openFile, openMemory, setAside } from "./file.ts"

/** How long a locked database is waited for before the caller is told, in ms. */
const PATIENCE_MS = 5000
const FIRST_WAIT_MS = 2
const LONGEST_WAIT_MS = 40

export interface ConnectionOptions {
  readonly path: string
  readonly driver: DatabaseDriver
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly notify: (notice: Notice) => void
  /** Everything happens on a copy in memory: the file is read at most. */
  readonly rehearse: boolean
}

export interface WriteOptions {
  /** The write is on the disk before the call returns (`synchronous=FULL`): tokens. */
  readonly durable?: boolean
  /** How long a locked database is waited for; a wait shorter than the usual one ends without a notice. */
  readonly patienceMs?: number
}

export type Attempt<Value> =
  | { readonly done: true; readonly value: Value }
  | { readonly done: false; readonly failure: StoreFailure; readonly error: unknown }

/**
 * One file, opened by the first use that needs it. Every statement is synchronous and short, with no busy timeout:
 * a locked database is waited for on the clock, so the event loop never stands still.
 */
export class Connection {
  readonly #options: ConnectionOptions
  #database: Database | undefined
  #identity: string | undefined
  #seenThisTurn = false
  #memory = false
  #closed = false
  readonly #told = new Set<string>()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** Whether nothing is kept beyond this process, because the file could not be used. */
  get inMemory(): boolean {
    return this.#memory
  }

  /** `whenAbsent` where there is no file yet: reading makes none. */
  async read<Value>(query: (database: Database) => Value, whenAbsent: Value): Promise<Value> {
    if (this.#database === undefined && !existsSync(this.#options.path)) return whenAbsent
    return this.#patiently(() => this.#try(query), PATIENCE_MS)
  }

  /** Runs `change` in one immediate transaction; rejects with a `StoreError`. */
  async write<Value>(change: (database: Database) => Value, options: WriteOptions = {}): Promise<Value> {
    return this.#patiently(() => this.attempt(change, options), options.patienceMs ?? PATIENCE_MS)
  }

  /** One synchronous try of `write`, for a caller that can't let a tick pass. */
  attempt<Value>(
    change: (database: Database) => Value,
    { durable = false }: WriteOptions = {},
  ): Attempt<Value> {
    const attempt = this.#try((database) => {
      // Not allowed inside a transaction.
      if (durable) database.get("PRAGMA synchronous = FULL")
      try {
        return inTransaction(database, () => change(database))
      } finally {
        if (durable) database.get("PRAGMA synchronous = NORMAL")
      }
    })
    if (attempt.done && !this.#memory) this.#told.clear()
    return attempt
  }

  close(): void {
    this.#closed = true
    this.#forget()
  }

  async #patiently<Value>(attempt: () => Attempt<Value>, patienceMs: number): Promise<Value> {
    const { clock, random } = this.#options
    const deadline = clock.now() + patienceMs
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.6, LONGEST_WAIT_MS)) {
      const result = attempt()
      if (result.done) return result.value
      if (result.failure !== "busy") throw this.#report(result)
      if (clock.now() >= deadline)
        throw patienceMs < PATIENCE_MS ? new StoreError("busy", result.error) : this.#report(result)
      await clock.sleep(wait * (0.5 + random()))
    }
  }

  #report({ failure, error }: { readonly failure: StoreFailure; readonly error: unknown }): StoreError {
    const { log, path } = this.#options
    log.warn("the account database could not be used", { failure, error, path })
    this.#tell({ kind: "store-trouble", failure, path })
    return new StoreError(failure, error)
  }

  /** Each trouble once, until it is over. */
  #tell(notice: Extract<Notice, { kind: "store-trouble" }>): void {
    if (this.#told.has(notice.failure)) return
    this.#told.add(notice.failure)
    this.#options.notify(notice)
  }

  #try<Value>(action: (database: Database) => Value): Attempt<Value> {
    if (this.#closed) return { done: false, failure: "failed", error: new Error("the store is closed") }
    const first = this.#once(action)
    if (first.done || first.failure === "busy" || this.#memory) return first
    return this.#recover(first) ? this.#once(action) : first
  }

  #once<Value>(action: (database: Database) => Value): Attempt<Value> {
    try {
      return { done: true, value: action(this.#open()) }
    } catch (error) {
      return { done: false, failure: storeFailure(error), error }
    }
  }

  /** The open database, or a new one where the file was removed or replaced under us. */
  #open(): Database {
    const { path, rehearse } = this.#options
    if (rehearse && this.#database === undefined) return this.#openMemory()
    if (this.#database !== undefined && (this.#memory || this.#isThere())) return this.#database
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
    if (failure === "corrupt") {
      const backup = setAside(this.#options, clock.now())
      log.error("the account database is damaged", { path, backup, error })
      if (backup === "sound") return true
      if (backup !== undefined) {
        this.#tell({ kind: "store-trouble", failure, path, backup })
        return true
      }
    }
    log.error("accounts are kept in memory only", { failure, path, error })
    this.#tell({ kind: "store-trouble", failure, path, inMemory: true })
    this.#openMemory()
    return true
  }

  #openMemory(): Database {
    this.#memory = true
    this.#database = openMemory(this.#options)
    return this.#database
  }
}
