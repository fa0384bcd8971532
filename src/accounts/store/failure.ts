import { isObject } from "../../json.ts"

/** Why SQLite said no. */
export type StoreFailure = "busy" | "corrupt" | "readonly" | "full" | "unavailable" | "failed"

/** SQLite result codes, https://www.sqlite.org/rescode.html. */
const FAILURES: ReadonlyMap<number, StoreFailure> = new Map([
  [5, "busy"],
  [6, "busy"],
  [8, "readonly"],
  [10, "unavailable"],
  [11, "corrupt"],
  [13, "full"],
  [14, "unavailable"],
  [23, "unavailable"],
  [26, "corrupt"],
])

/** Extended codes of "read-only" that say that another process is at work, not that the file can't be written. */
const READONLY_RECOVERY = 264
const READONLY_CANTLOCK = 520
/** The index of the write-ahead log found no room. */
const IOERR_SHMSIZE = 4874

/** Reads the result code from an error of either driver; errors of the file system have their own codes. */
export function storeFailure(error: unknown): StoreFailure {
  if (!isObject(error)) return "failed"
  const code = error["errcode"] ?? error["errno"]
  if (typeof code === "number" && code > 0) {
    if (code === READONLY_RECOVERY || code === READONLY_CANTLOCK) return "busy"
    if (code === IOERR_SHMSIZE) return "full"
    return FAILURES.get(code & 0xff) ?? "failed"
  }
  switch (error["code"]) {
    case "ENOSPC":
    case "EDQUOT":
      return "full"
    case "EROFS":
      return "readonly"
    case "EACCES":
    case "EPERM":
    case "ENOTDIR":
    case "EISDIR":
    case "EEXIST":
    case "ENOENT":
      return "unavailable"
    default:
      return "failed"
  }
}

/** What a store call rejects with. Its message never holds a bound value. */
export class StoreError extends Error {
  readonly failure: StoreFailure

  constructor(failure: StoreFailure, cause?: unknown) {
    super(`the account database could not be used: ${failure}`, { cause })
    this.name = "StoreError"
    this.failure = failure
  }
}
