import type { Log } from "../../runtime.ts"
import type { Login, TokenSet } from "../account.ts"
import type { AccountStore } from "../store/store.ts"
import type { TokenSwap } from "../store/swap.ts"
import { readSpill, removeSpill, type Reservation, reserveSpill, type SpilledSwap } from "./spill.ts"

/**
 * The pairs that the database has not taken yet: in a file beside it, one for each login, which any process applies;
 * and in this process where not even the file could be written.
 */
export class UnsavedSwaps {
  readonly #store: Pick<AccountStore, "compareAndSwapTokens">
  readonly #spillPath: string
  readonly #log: Log
  readonly #inMemory = new Map<string, SpilledSwap>()

  constructor(options: {
    readonly store: Pick<AccountStore, "compareAndSwapTokens">
    readonly spillPath: string
    readonly log: Log
  }) {
    this.#store = options.store
    this.#spillPath = options.spillPath
    this.#log = options.log
  }

  /** Room on the disk for the pair that is about to be asked for. */
  reserve(loginId: string): Reservation {
    return reserveSpill(this.#fileOf(loginId))
  }

  /** Writes the pair in this very tick: to the database, else to the reserved room, else into this process's memory. */
  save(swap: TokenSwap, reservation: Reservation): "written" | "changed" | "unsaved" {
    const result = this.#store.compareAndSwapTokens(swap)
    if (result === "written" || result === "changed") return result
    const { loginId, ...rest } = swap
    const spilled = reservation.state === "reserved" && reservation.write(rest)
    if (!spilled) this.#inMemory.set(loginId, rest)
    this.#log.warn("a new token pair waits for the database", { loginId, result, spilled })
    return "unsaved"
  }

  /** Gives a waiting pair to the database; one that replaces a pair which is no longer there is dropped. */
  settle(loginId: string): "none" | "settled" | SpilledSwap {
    const swap = this.#inMemory.get(loginId) ?? readSpill(this.#fileOf(loginId))
    if (swap === undefined) return "none"
    const result = this.#store.compareAndSwapTokens({ loginId, ...swap })
    if (result === "busy" || result === "failed") return swap
    this.#inMemory.delete(loginId)
    removeSpill(this.#fileOf(loginId))
    return "settled"
  }

  #fileOf(loginId: string): string {
    return `${this.#spillPath}-${loginId}`
  }
}

/** The login with the pair that waits for it, where the row still holds the one before. */
export function withSwap<Value extends Login>(login: Value, { before, after }: SpilledSwap): Value {
  return login.kind !== "api-key" && samePair(login.tokens, before) ? { ...login, tokens: after } : login
}

export function samePair(one: TokenSet, other: TokenSet): boolean {
  if (!one.accessToken.equals(other.accessToken)) return false
  if (one.refreshToken === undefined) return other.refreshToken === undefined
  return other.refreshToken !== undefined && one.refreshToken.equals(other.refreshToken)
}
