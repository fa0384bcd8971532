import { closeSync, constants, existsSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs"
import { isObject, type JsonObject, numberField, parseJson, stringField } from "../../json.ts"
import { Secret } from "../../secret.ts"
import { readSmallFile } from "../../settings/index.ts"
import type { TokenSet } from "../account.ts"
import type { TokenSwap } from "../store/swap.ts"

/** What the database did not take. */
export type SpilledSwap = Omit<TokenSwap, "loginId">

/** More than any two token pairs; blanks until there is a pair to keep. */
const RESERVED_BYTES = 32_768

export type Reservation =
  | { readonly state: "reserved"; write(swap: SpilledSwap): boolean; free(): void }
  | { readonly state: "full" }
  /** The folder can't be written, or a pair waits there already: there is no second place for one. */
  | { readonly state: "impossible" }

/**
 * Sets room aside on the disk, beside kiro.db and readable by the user only, before the service is asked for a new
 * pair: where the database is locked or the disk full by then, the pair goes there at once. `write` answers whether
 * it is on the disk; `free` removes the room, but never a pair.
 */
export function reserveSpill(file: string): Reservation {
  const free = (): void => {
    if (readSpill(file) === undefined) removeSpill(file)
  }
  try {
    if (readSpill(file) !== undefined) return { state: "impossible" }
    overwrite(file, "", () => undefined)
  } catch (error) {
    free()
    return { state: isFull(error) ? "full" : "impossible" }
  }
  return {
    state: "reserved",
    free,
    write(swap) {
      try {
        overwrite(file, JSON.stringify(encode(swap)), fsyncSync)
        return true
      } catch {
        return false
      }
    },
  }
}

/** In place, so that a file that has its room keeps it: a full disk takes it then. */
function overwrite(file: string, text: string, flush: (descriptor: number) => void): void {
  const descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT, 0o600)
  try {
    const bytes = Buffer.from(text.padEnd(RESERVED_BYTES))
    // No position is given: Bun takes the position 0 for none.
    for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written)
    flush(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * The swap that waits in the file; `undefined` where there is none, or only room for one, or where the file has just
 * been applied and removed, or is not ours to read and so none of ours.
 */
export function readSpill(path: string): SpilledSwap | undefined {
  const file = readSmallFile(path)
  const document = file.state === "text" ? parseJson(file.text) : undefined
  return isObject(document) ? decode(document) : undefined
}

/** Where it can't be removed it says what is known already: applied again, it changes nothing. */
export function removeSpill(file: string): boolean {
  try {
    // In a folder that can't be written, removing nothing is an error too.
    if (existsSync(file)) rmSync(file, { force: true })
    return true
  } catch {
    return false
  }
}

function isFull(error: unknown): boolean {
  return isObject(error) && (error["code"] === "ENOSPC" || error["code"] === "EDQUOT")
}

function encode({ before, after, sourceBehind }: SpilledSwap): JsonObject {
  return {
    before: encodePair(before),
    after: encodePair(after),
    ...(sourceBehind === undefined ? {} : { sourceBehind: encodePair(sourceBehind) }),
  }
}

function encodePair({ accessToken, refreshToken, expiresAt }: TokenSet): JsonObject {
  return { accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal(), expiresAt }
}

function decode(document: JsonObject): SpilledSwap | undefined {
  const [before, after, sourceBehind] = [document["before"], document["after"], document["sourceBehind"]].map(
    decodePair,
  )
  if (before === undefined || after === undefined) return undefined
  return { before, after, ...(sourceBehind === undefined ? {} : { sourceBehind }) }
}

function decodePair(value: unknown): TokenSet | undefined {
  if (!isObject(value)) return undefined
  const accessToken = stringField(value, "accessToken")
  const refreshToken = stringField(value, "refreshToken")
  const expiresAt = numberField(value, "expiresAt")
  if (accessToken === undefined || expiresAt === undefined) return undefined
  return {
    accessToken: new Secret(accessToken),
    ...(refreshToken === undefined ? {} : { refreshToken: new Secret(refreshToken) }),
    expiresAt,
  }
}
