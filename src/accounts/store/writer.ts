import type { Clock } from "../../runtime.ts"
import type { Connection, WriteOptions } from "./connection.ts"
import type { Database } from "./database.ts"
import { StoreError } from "./failure.ts"
import { prune } from "./prune.ts"

const PRUNE_EVERY_MS = 60 * 60_000

type Change<Value> = (database: Database) => Value

/** The ways of writing: what must be on the disk, what may be lost, and what need not be waited for. */
export class Writer {
  readonly connection: Connection
  readonly clock: Clock
  readonly #pending = new Set<Promise<unknown>>()
  #prunedAt = -PRUNE_EVERY_MS

  constructor(connection: Connection, clock: Clock) {
    this.connection = connection
    this.clock = clock
  }

  /** Rejects with a `StoreError` where the change could not be made. */
  async write<Value>(change: Change<Value>, options: WriteOptions = {}): Promise<Value> {
    const value = await this.connection.write(change, options)
    this.#prune()
    return value
  }

  /** As `write`; where the change could not be made it is lost, and the answer is `otherwise`. */
  async writeOr<Value>(otherwise: Value, change: Change<Value>): Promise<Value> {
    try {
      return await this.write(change)
    } catch (error) {
      // The connection has logged it and told the user.
      if (error instanceof StoreError) return otherwise
      throw error
    }
  }

  /** Writes without being waited for; `settle` waits. */
  writeLater(change: Change<void>): void {
    const pending = this.writeOr(undefined, change).finally(() => this.#pending.delete(pending))
    this.#pending.add(pending)
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending)
  }

  #prune(): void {
    const now = this.clock.now()
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return
    this.#prunedAt = now
    this.connection.attempt((database) => prune(database, now))
  }
}
