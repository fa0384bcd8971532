import { existsSync, statSync } from "node:fs"
import {
  attempted,
  type Database,
  type DatabaseDriver,
  inTransaction,
  loadDatabaseDriver,
  type LoginSource,
  type OpenOptions,
  type Patience,
  patiently,
  type PairChange,
  placeIn,
  type PlaceKey,
  type Row,
  type SourceReading,
  type SourceStore,
  STORE_TROUBLES,
  type StoreFailure,
  storeFailure,
  type WriteBack,
} from "../accounts/index.ts"
import { fileStamp, systemCode } from "../settings/index.ts"
import { nothingOf } from "./documents.ts"

export interface Effects extends Patience {
  /** Absent: the SQLite of the runtime. */
  readonly driver?: DatabaseDriver
}

export interface LoginDatabases {
  readonly source: LoginSource
  readonly files: readonly string[]
  readonly effects: Effects
  /** Why a file that is not there is worth a word; absent where it is not. */
  readonly missing?: string | undefined
  /** One short look at an open file. */
  look(database: Database, file: string): SourceReading
  /** Inside one transaction: writes only over a pair that the change replaces. */
  replace(database: Database, file: string, change: PairChange): WriteBack
  /** The files whose changes are of interest. */
  watched(): readonly string[]
}

/** SQLite files of another program as a source of logins, opened read-only but for the write-back. */
export function openLoginDatabases(store: LoginDatabases): SourceStore {
  const { source, files, effects } = store
  const readFile = async (file: string): Promise<SourceReading> => {
    const visit = await visitDatabase({ file, effects, visit: (database) => store.look(database, file) })
    switch (visit.state) {
      case "done":
        return visit.value
      case "missing":
        return nothingOf(file, store.missing === undefined ? undefined : { source, message: store.missing })
      case "failed": {
        const { failure } = visit
        return nothingOf(file, { source, message: MESSAGES[failure], failure })
      }
      default:
        return visit satisfies never
    }
  }
  const fileOf = ({ key }: PlaceKey): string | undefined =>
    files.find((file) => key.startsWith(placeIn(file, "")))
  return {
    source,
    has: (place) => place.source === source && fileOf(place) !== undefined,
    // A database in WAL mode is written beside itself.
    fingerprint: () =>
      store
        .watched()
        .flatMap((file) => [file, `${file}-wal`])
        .map(fileStamp)
        .join(" "),

    async read() {
      const readings = await Promise.all(files.map(readFile))
      return {
        logins: readings.flatMap(({ logins }) => logins),
        problems: readings.flatMap(({ problems }) => problems),
        unread: readings.flatMap(({ unread }) => unread),
      }
    },

    async writeBack(change) {
      const file = fileOf(change.place)
      if (file === undefined) return "unavailable"
      const visit = await visitDatabase({
        file,
        effects,
        write: true,
        visit: (database) => store.replace(database, file, change),
      })
      return visit.state === "done" ? visit.value : "unavailable"
    },
  }
}

type Visit<Value> =
  | { readonly state: "done"; readonly value: Value }
  | { readonly state: "missing" }
  | { readonly state: "failed"; readonly failure: StoreFailure }

/** Opens another program's database, runs one short synchronous visit and closes it; never throws for what the file is. */
async function visitDatabase<Value>({
  file,
  effects,
  write = false,
  visit,
}: {
  readonly file: string
  readonly effects: Effects
  /** One immediate transaction that is on the disk when it ends. */
  readonly write?: boolean
  readonly visit: (database: Database) => Value
}): Promise<Visit<Value>> {
  const open = effects.driver ?? (await loadDatabaseDriver())
  const visitNow = (): Visit<Value> =>
    existsSync(file)
      ? { state: "done", value: visitOnce({ open, file, write, visit }) }
      : { state: "missing" }
  const tried = await patiently(() => attempted(visitNow), effects)
  return tried.done ? tried.value : { state: "failed", failure: tried.failure }
}

const MESSAGES: { readonly [failure in StoreFailure]: string } = {
  busy: "is locked by another program",
  "no-handle": STORE_TROUBLES["no-handle"],
  corrupt: "is not a SQLite database or is damaged",
  readonly: "can't be written",
  full: "can't be written: the disk is full",
  unavailable: "can't be opened",
  failed: "is not laid out as expected",
}

interface Look<Value> {
  readonly open: DatabaseDriver
  readonly file: string
  readonly visit: (database: Database) => Value
}

function visitOnce<Value>({ write, ...look }: Look<Value> & { readonly write: boolean }): Value {
  if (write) return visitOpen({ ...look, visit: durably(look.visit) }, {})
  try {
    return visitOpen(look, { readonly: true })
  } catch (error) {
    if (!isWholeByItself(look.file, storeFailure(error))) throw error
    return visitOpen(look, { immutable: true })
  }
}

/**
 * Where the folder takes no more files, or something else stands in their place, SQLite opens no database in WAL mode,
 * because that has side files. Without a write-ahead log beside it the file itself says all.
 */
function isWholeByItself(file: string, failure: StoreFailure): boolean {
  if (failure !== "unavailable" && failure !== "readonly" && failure !== "full") return false
  try {
    const log = statSync(`${file}-wal`, { throwIfNoEntry: false })
    return log === undefined || !log.isFile() || log.size === 0
  } catch (error) {
    return systemCode(error) === "ELOOP"
  }
}

function visitOpen<Value>({ open, file, visit }: Look<Value>, options: OpenOptions): Value {
  const database = open(file, options)
  try {
    return visit(database)
  } finally {
    database.close()
  }
}

/** On the disk when it returns. */
function durably<Value>(visit: (database: Database) => Value): (database: Database) => Value {
  return (database) => {
    database.get("PRAGMA synchronous = FULL")
    return inTransaction(database, () => visit(database))
  }
}

export function hasTable(database: Database, name: string): boolean {
  return database.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name]) !== undefined
}

/**
 * What another program's table may bring into memory: a token document is a few kilobytes, a store some ten rows. A
 * longer value is cut, which no document survives.
 */
export const LONGEST_VALUE: number = 256 * 1024
export const LONGEST_KEY = 256
export const MOST_ROWS = 200

/** A column's text, also where it is kept as a blob. */
export function textColumn(row: Row, column: string): string | undefined {
  const value = row[column]
  if (typeof value === "string") return value
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : undefined
}
