import type { Secret } from "../../secret.ts"
import type { LoginPlace, LoginSource, TokenSet } from "../account.ts"
import type { ImportedLogin } from "../take-in.ts"

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
