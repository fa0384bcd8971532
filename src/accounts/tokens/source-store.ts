import type { Login, LoginSource, TokenSet } from "../account.ts"

/** What could not be read of another program's store. It names the file and the key; it never holds a value. */
export interface SourceProblem {
  readonly source: LoginSource
  readonly file: string
  /** The row, table or field. */
  readonly key?: string
  readonly message: string
}

/** A login as another program keeps it. Its `id` is derived from the place and the tokens first seen there. */
export interface ImportedLogin {
  readonly login: Login
  readonly email?: string
  readonly userId?: string
}

export interface SourceReading {
  readonly logins: readonly ImportedLogin[]
  readonly problems: readonly SourceProblem[]
}

/**
 * What the source holds now in the place of a login: its tokens, or `gone` where the place is empty or holds a login
 * that is provably another one, or `unreadable` (locked, half written).
 * `certain` is false where both tokens changed and nothing in the row proves that it is still the same person.
 */
export type Reread =
  | { readonly state: "found"; readonly tokens: TokenSet; readonly certain: boolean }
  | { readonly state: "gone" }
  | { readonly state: "unreadable"; readonly message: string }

/** `changed`: the row no longer holds the pair we started from, and was left alone. */
export type WriteBack = "written" | "changed" | "unavailable"

/** Another program's login store, given to the token keeper as functions. No method throws or blocks the event loop. */
export interface SourceStore {
  readonly source: LoginSource
  /** Whether the login lives in this store. */
  owns(login: Login): boolean
  read(): Promise<SourceReading>
  /** Changes when the store changed since: file times and sizes, nothing opened. */
  fingerprint(): string
  reread(login: Login): Promise<Reread>
  /** Writes only into the row that still holds `before`: three fields, in that row's own spelling. */
  writeBack(change: {
    readonly login: Login
    readonly before: TokenSet
    readonly after: TokenSet
  }): Promise<WriteBack>
}
