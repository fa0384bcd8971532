import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from "node:fs"
import { basename, dirname } from "node:path"
import * as z from "zod/mini"
import { type JsonObject, parseJson, present } from "../../json.ts"
import type { Log } from "../../runtime.ts"
import { Secret } from "../../secret.ts"
import { readSmallFile } from "../../settings/index.ts"
import type { Account, Login } from "../account.ts"
import { pairHash, type PairSwap, renewedBy, samePair } from "../login.ts"
import type { TokenSwap } from "../store/account-rows.ts"
import type { AccountStore } from "../store/account-store.ts"
import { storeFailure } from "../store/database.ts"

/** More than any two token pairs; blanks until there is a pair to keep. */
const RESERVED_BYTES = 32_768

/** Ends the name of a file that is merely room. */
const NEXT = ".next"

interface SpillOptions {
  readonly store: Pick<AccountStore, "compareAndSwapTokens" | "peek">
  /** The beginning of the path of each file. */
  readonly path: string
  readonly log: Log
}

/**
 * The pairs that the database has not taken yet: in a file beside it, readable by the user only, one for each login,
 * which any process applies. A pair is in the row or in this file, and in nothing else.
 */
export class Spills {
  readonly #options: SpillOptions
  /** Pairs that not even the file could take, which its reservation should make impossible. */
  readonly #unkept = new Map<string, PairSwap>()

  constructor(options: SpillOptions) {
    this.#options = options
  }

  /**
   * Sets room aside on the disk before the service is asked for a new pair: where the database is locked or the disk
   * full by then, the pair goes there at once. `impossible`: the folder can't be written.
   */
  reserve(loginId: string): "reserved" | "full" | "impossible" {
    try {
      overwrite(this.#roomOf(loginId), "")
      return "reserved"
    } catch (error) {
      this.free(loginId)
      return storeFailure(error) === "full" ? "full" : "impossible"
    }
  }

  /** Gives the room back. */
  free(loginId: string): void {
    remove(this.#roomOf(loginId))
  }

  /** Writes the pair in this very tick: to the database, else to the reserved room. */
  save(swap: TokenSwap): "written" | "changed" | "spilled" {
    const { loginId, ...rest } = swap
    const waiting = this.#waiting(loginId)
    // What waits begins where the row is: the two become one.
    const whole = waiting === undefined ? rest : chained(waiting, rest)
    const result = this.#options.store.compareAndSwapTokens({ loginId, ...whole })
    if (result === "written" || result === "changed") {
      if (waiting !== undefined) this.settle(loginId)
      return result
    }
    const spilled = this.#write(loginId, whole)
    if (!spilled) this.#unkept.set(loginId, whole)
    this.#options.log.warn("a new token pair waits for the database", { loginId, result, spilled })
    return "spilled"
  }

  /** What a process wrote just as it was killed is put where every other one looks. */
  rescue(loginId: string): void {
    const room = this.#roomOf(loginId)
    const swap = readSpill(room)
    if (swap !== undefined) putInto(this.#fileOf(loginId), room, JSON.stringify(swap, reveal))
  }

  /**
   * Gives a waiting pair to the database. The file goes only after the pair was read back from the database, or where
   * the row has gone on from it, or is gone.
   */
  settle(loginId: string): "none" | "settled" | "waiting" {
    const swap = this.#waiting(loginId)
    if (swap === undefined) return "none"
    const result = this.#options.store.compareAndSwapTokens({ loginId, ...swap })
    if (result === "busy" || result === "failed") return "waiting"
    const row = this.#options.store.peek(loginId)
    if (row.outcome === "unavailable") return "waiting"
    if (row.outcome === "row" && row.hash === pairHash(swap.before) && row.hash !== pairHash(swap.after))
      return "waiting"
    this.#unkept.delete(loginId)
    remove(this.#fileOf(loginId))
    return "settled"
  }

  /** The logins for which a pair waits in a file. */
  inFiles(): readonly string[] {
    const { path } = this.#options
    const beginning = `${basename(path)}-`
    return namesIn(dirname(path))
      .filter((name) => name.startsWith(beginning) && !name.endsWith(NEXT))
      .map((name) => name.slice(beginning.length))
  }

  /** Tries once more to bring every pair to the disk; whether all are there. */
  keepAll(): boolean {
    for (const loginId of this.#unkept.keys()) {
      this.settle(loginId)
      const swap = this.#unkept.get(loginId)
      if (swap !== undefined && this.#write(loginId, swap)) this.#unkept.delete(loginId)
    }
    return this.#unkept.size === 0
  }

  /** The login as it is with the pair that waits for it. */
  over<Value extends Login>(login: Value): Value {
    const swap = this.#waiting(login.id)
    return swap === undefined ? login : renewedBy(login, swap)
  }

  /** The same of all accounts: a source that shows a pair that waits brings no news. */
  overAll(accounts: readonly Account[]): readonly Account[] {
    return accounts.map((account) => ({
      ...account,
      logins: account.logins.map((login) => this.over(login)),
    }))
  }

  #waiting(loginId: string): PairSwap | undefined {
    return this.#unkept.get(loginId) ?? readSpill(this.#fileOf(loginId))
  }

  /** Whether it is on the disk. */
  #write(loginId: string, swap: PairSwap): boolean {
    const [text, room] = [JSON.stringify(swap, reveal), this.#roomOf(loginId)]
    try {
      overwrite(room, text)
      putInto(this.#fileOf(loginId), room, text)
      return true
    } catch {
      return false
    }
  }

  #fileOf(loginId: string): string {
    return `${this.#options.path}-${loginId}`
  }

  #roomOf(loginId: string): string {
    return `${this.#fileOf(loginId)}${NEXT}`
  }
}

function chained(first: PairSwap, next: PairSwap): PairSwap {
  if (!samePair(first.after, next.before)) return next
  const through = [...(first.through ?? []), pairHash(first.after), ...(next.through ?? [])]
  return { before: first.before, after: next.after, through }
}

/** No link is followed and no pipe waited for; Windows has neither, and no such constants. */
const OPEN_OWN: number = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** In place, so that a file that has its room keeps it: a full disk takes it then. */
function overwrite(file: string, text: string): void {
  const descriptor = openSync(file, OPEN_OWN, 0o600)
  try {
    const bytes = Buffer.from(text.padEnd(RESERVED_BYTES))
    // No position is given: Bun takes the position 0 for none.
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written)
    if (text !== "") fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Windows moves nothing over a file that another process reads just now, but takes what is written into it. */
function putInto(file: string, room: string, text: string): void {
  try {
    renameSync(room, file)
  } catch {
    overwrite(file, text)
  }
}

/**
 * The swap that waits in the file; `undefined` where there is none, or where the file has just been applied and
 * removed, or is not ours to read and so none of ours.
 */
function readSpill(path: string): PairSwap | undefined {
  const file = readSmallFile(path)
  return file.state === "text" ? SWAP.safeParse(parseJson(file.text)).data : undefined
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Where it can't be removed it says what is known already: applied again, it changes nothing. */
function remove(file: string): void {
  try {
    // In a folder that can't be written, removing nothing is an error too.
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) unlinkSync(file)
  } catch {
    // The next process tries again.
  }
}

const SECRET = z.pipe(
  z.string(),
  z.transform((text) => new Secret(text)),
)
const PAIR = z.pipe(
  z.object({ accessToken: SECRET, refreshToken: z.optional(SECRET), expiresAt: z.number() }),
  z.transform(present),
)
const SWAP = z.pipe(
  z.object({ before: PAIR, after: PAIR, through: z.optional(z.array(z.string())) }),
  z.transform(present),
)

/** The file is where a secret is kept: elsewhere it serialises to a placeholder. */
function reveal(this: JsonObject, member: string, value: unknown): unknown {
  const held = this[member]
  return held instanceof Secret ? held.reveal() : value
}
