import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { isObject } from "../../json.ts"
import { isOutOfHandles } from "../../settings/index.ts"

/** The one seam over the SQLite of the runtime: `bun:sqlite` in Bun, `node:sqlite` elsewhere, loaded on first use. */

export type SqlValue = string | number | null

/** Column values as the driver gives them: judge them before use. */
export type Row = { readonly [column: string]: unknown }

export interface Database {
  all(sql: string, parameters?: readonly SqlValue[]): readonly Row[]
  get(sql: string, parameters?: readonly SqlValue[]): Row | undefined
  /** The number of rows that it changed. */
  run(sql: string, parameters?: readonly SqlValue[]): number
  /**
   * A larger number after each change of these tables that can be seen here: by a write, a rollback, or someone else,
   * whose writes are looked for once within a transaction.
   */
  stamp(tables: readonly string[]): number
  close(): void
}

/** More sessions than one process has at a time. */
const MOST_KNOWN = 100

/** A query whose answer, for each key, stays the same, as the same object, until somebody writes to its tables. */
export function untilWritten<Value, Key = void>(
  tables: readonly string[],
  query: (database: Database, key: Key) => Value,
): (database: Database, key: Key) => Value {
  let seen: { readonly database: Database; readonly stamp: number } | undefined
  const known = new Map<Key, { readonly value: Value }>()
  return (database, key) => {
    const stamp = database.stamp(tables)
    if (seen?.database !== database || seen.stamp !== stamp || known.size >= MOST_KNOWN) known.clear()
    seen = { database, stamp }
    const found = known.get(key) ?? { value: query(database, key) }
    known.set(key, found)
    return found.value
  }
}

export interface OpenOptions {
  readonly readonly?: boolean
  /** Read-only without locks and side files, for a folder that can't be written to; a log beside it is not seen. */
  readonly immutable?: boolean
}

/** Opens a database synchronously, with no busy timeout. Errors carry SQLite's code: `sqliteFailure` reads it. */
export type DatabaseDriver = (path: string, options?: OpenOptions) => Database

/** Rejects where the runtime has no SQLite (Node before 22.13). */
export async function loadDatabaseDriver(): Promise<DatabaseDriver> {
  try {
    return "Bun" in globalThis ? await bunDriver() : await nodeDriver()
  } catch (cause) {
    throw new Error("Kiro accounts need SQLite: Bun, or Node 22.13 or later", { cause })
  }
}

/** One database of another program or of our own; `:memory:` is a path too. */
export async function openDatabase(path: string, options: OpenOptions = {}): Promise<Database> {
  const open = await loadDatabaseDriver()
  return open(path, options)
}

interface Statement {
  all(...parameters: SqlValue[]): Row[]
  get(...parameters: SqlValue[]): Row | null | undefined
  run(...parameters: SqlValue[]): { readonly changes: number | bigint }
  /** Bun's only: there a database stays open as long as one of its statements lives. */
  finalize?(): void
  /** Node's only, which throws at an integer that no double holds, whoever wrote it; Bun rounds it. */
  setReadBigInts?(enabled: boolean): void
}

interface Handle {
  prepare(sql: string): Statement
  close(): void
  /** Bun's only. */
  fileControl?(operation: number, value: number): unknown
}

/** SQLITE_FCNTL_PERSIST_WAL */
const KEEP_LOG = 10

/** A bundler must not see the specifiers: each exists in one runtime only. */
const specifier = (scheme: string): string => `${scheme}:sqlite`

/** SQLITE_OPEN_READONLY and SQLITE_OPEN_URI. */
const BUN_READONLY_URI = 0x41

async function bunDriver(): Promise<DatabaseDriver> {
  const { Database: Handle } = (await import(specifier("bun"))) as {
    Database: new (
      path: string,
      options: number | { readonly: true } | { readwrite: true; create: true },
    ) => Handle
  }
  return (path, { readonly = false, immutable = false } = {}) => {
    mustBeFile(path)
    if (immutable) return wrap(new Handle(immutableUrl(path), BUN_READONLY_URI))
    return wrap(new Handle(path, readonly ? { readonly } : { readwrite: true, create: true }))
  }
}

async function nodeDriver(): Promise<DatabaseDriver> {
  const { DatabaseSync } = (await import(specifier("node"))) as {
    DatabaseSync: new (path: string, options: { readOnly: boolean }) => Handle
  }
  return (path, { readonly = false, immutable = false } = {}) => {
    mustBeFile(path)
    const open = (file: string): Handle => new DatabaseSync(file, { readOnly: readonly || immutable })
    if (!immutable) return wrap(open(path))
    try {
      return wrap(open(immutableUrl(path)))
    } catch {
      return wrap(openCopy(path, open))
    }
  }
}

/** Before 22.15 Node takes no URL: what can't be opened in its folder is opened as a copy, which no other program sees. */
function openCopy(path: string, open: (file: string) => Handle): Handle {
  const bytes = readFileSync(path)
  bytes.fill(ROLLBACK_JOURNAL, ...VERSION_BYTES)
  const folder = mkdtempSync(join(tmpdir(), "kiro-"))
  const copy = join(folder, "copy.db")
  try {
    writeFileSync(copy, bytes, { mode: 0o600 })
    return open(copy)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Where a database says how it is written to, and what stands there where it has no log beside it. */
const VERSION_BYTES = [18, 20] as const
const ROLLBACK_JOURNAL = 1

/** SQLite waits for ever at a pipe that nobody writes to, also where that stands in the place of a journal. */
function mustBeFile(path: string): void {
  for (const file of [path, `${path}-journal`])
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
      throw Object.assign(new Error("not a regular file"), { code: "EISDIR" })
}

function immutableUrl(path: string): string {
  return `${pathToFileURL(path).href}?immutable=1`
}

const EFFECT = /^\s*(?:(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)|(BEGIN|COMMIT|END))/

interface Prepared {
  readonly statement: Statement
  /** The table that it writes to, where that is all it does. */
  readonly table: string | undefined
  /** Where it begins a transaction, or ends one by which nothing is undone. */
  readonly border: string | undefined
  readonly toRow: (row: Row) => Row
}

function wrap(handle: Handle): Database {
  const statements = new Map<string, Prepared>()
  const prepare = (sql: string): Prepared => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = handle.prepare(sql)
    const toRow = statement.setReadBigInts === undefined ? same : rounded
    statement.setReadBigInts?.(true)
    const [, table, border] = EFFECT.exec(sql) ?? []
    const prepared = { statement, table, border, toRow }
    statements.set(sql, prepared)
    return prepared
  }
  const writes = new Map<string, number>()
  /** What others wrote, a rollback, and whatever else may change any table. */
  let others = 0
  /** SQLite's own number for what others wrote, and when it is asked for. */
  let elsewhere: unknown
  let look: "always" | "once" | "no more" = "always"
  const note = ({ table, border }: Prepared, changes: number): void => {
    if (table !== undefined) return void writes.set(table, (writes.get(table) ?? 0) + Math.min(changes, 1))
    look = "always"
    if (border === undefined) others += 1
  }
  const database: Database = {
    all: (sql, parameters = []) => {
      const { statement, toRow } = prepare(sql)
      return statement.all(...parameters).map(toRow)
    },
    get: (sql, parameters = []) => {
      const { statement, toRow } = prepare(sql)
      const row = statement.get(...parameters)
      return row ? toRow(row) : undefined
    },
    run: (sql, parameters = []) => {
      const prepared = prepare(sql)
      // What fails may have undone what was seen since.
      let changes = 1
      try {
        changes = Number(prepared.statement.run(...parameters).changes)
      } finally {
        note(prepared, changes)
      }
      if (prepared.border === "BEGIN") look = "once"
      return changes
    },
    stamp: (tables) => {
      const version = look === "no more" ? elsewhere : database.get("PRAGMA data_version")?.["data_version"]
      if (version !== elsewhere) others += 1
      elsewhere = version
      if (look === "once") look = "no more"
      return tables.reduce((sum, table) => sum + (writes.get(table) ?? 0), others)
    },
    close: () => {
      for (const { statement } of statements.values()) statement.finalize?.()
      handle.close()
    },
  }
  database.get("PRAGMA busy_timeout = 0")
  // Bun takes Apple's SQLite on macOS, which leaves the log and its index, and what was deleted, beside a closed database.
  handle.fileControl?.(KEEP_LOG, 0)
  return database
}

function same(row: Row): Row {
  return row
}

function rounded(row: Row): Row {
  if (!Object.values(row).some((value) => typeof value === "bigint")) return row
  const columns = Object.entries(row)
  return Object.fromEntries(
    columns.map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
  )
}

/** Why SQLite said no. */
export type StoreFailure = "busy" | "no-handle" | "corrupt" | "readonly" | "full" | "unavailable" | "failed"

/** SQLite result codes, https://www.sqlite.org/rescode.html, and what the file system says by itself. */
const FAILURES: readonly (readonly [StoreFailure, readonly unknown[]])[] = [
  // Also READONLY_RECOVERY and READONLY_CANTLOCK, and what other programs, and Windows, hold for a moment.
  ["busy", [5, 6, 264, 520, "EBUSY", "ETXTBSY"]],
  ["corrupt", [11, 26]],
  ["readonly", [8, "EROFS"]],
  // Also IOERR_SHMSIZE: the index of the write-ahead log found no room.
  ["full", [13, 4874, "ENOSPC", "EDQUOT"]],
  ["unavailable", [10, 14, 23, "EACCES", "EPERM", "EIO", "ENAMETOOLONG", "ENOTDIR", "EISDIR", "ELOOP"]],
  ["unavailable", ["EEXIST", "ENOENT"]],
  ["no-handle", ["EMFILE", "ENFILE"]],
]

/** Reads the result code from an error of either driver; errors of the file system have their own codes. */
export function storeFailure(error: unknown): StoreFailure {
  if (error instanceof StoreError) return error.failure
  if (!isObject(error)) return "failed"
  const code = error["errcode"] ?? error["errno"]
  const codes = typeof code === "number" && code > 0 ? [code, code & 0xff] : [error["code"]]
  const failureOf = (said: unknown): StoreFailure[] =>
    FAILURES.flatMap(([failure, known]) => (known.includes(said) ? [failure] : []))
  const failure = codes.flatMap(failureOf)[0] ?? "failed"
  // SQLite says no more of it than that something could not be opened.
  return failure === "unavailable" && typeof code === "number" && lacksHandles() ? "no-handle" : failure
}

/** Over in a moment, most likely: worth waiting for, and no reason to go on without the file. */
export function passesSoon(failure: StoreFailure): boolean {
  return failure === "busy" || failure === "no-handle"
}

/** A database, its log, the index of that and their folder. */
const HANDLES_OF_ONE = 4

/** Whether this process, or the machine, can't open as many files now as a database takes. */
function lacksHandles(): boolean {
  const handles: number[] = []
  try {
    while (handles.length < HANDLES_OF_ONE) handles.push(openSync(process.execPath, "r"))
    return false
  } catch (error) {
    return isOutOfHandles(error)
  } finally {
    handles.forEach(closeSync)
  }
}

/** What is wrong with the account database, behind its name. */
export const STORE_TROUBLES: Readonly<Record<StoreFailure, string>> = {
  busy: "was locked by another program for more than five seconds",
  "no-handle":
    "can't be opened: too many files are open (`ulimit -n 4096` in the shell that starts OpenCode allows more)",
  corrupt: "is damaged and can't be moved out of the way now: close the other windows that have it open",
  readonly: "can't be written to: check who owns it and its permissions",
  full: "can't be written to: the disk is full",
  unavailable: "can't be opened: check its folder and permissions",
  failed: "could not be used",
}

/** What a store call rejects with. Its message is fit for people, and never holds a bound value. */
export class StoreError extends Error {
  readonly failure: StoreFailure

  constructor(failure: StoreFailure, cause?: unknown) {
    super(`the account database ${STORE_TROUBLES[failure]}`, { cause })
    this.name = "StoreError"
    this.failure = failure
  }
}
