import { closeSync, existsSync, openSync } from "node:fs"
import { type Database, type DatabaseDriver, loadDatabaseDriver, type Row } from "../../src/accounts/index.ts"

/** SQLite itself without its files, for whoever opens the same few paths thousands of times. */
export interface DatabasesInMemory {
  /** Each opening of a path is a view of the one database that is held for it; an empty file stands for it on the disk. */
  readonly driver: DatabaseDriver
  /** Deletes every row of every table of them. */
  empty(): void
}

export async function databasesInMemory(): Promise<DatabasesInMemory> {
  const driver = await loadDatabaseDriver()
  const databases = new Map<string, Database>()
  const held = (path: string): Database => {
    const database = databases.get(path) ?? sparing(driver(":memory:"))
    databases.set(path, database)
    return database
  }
  return {
    driver(path) {
      if (path === ":memory:") return driver(path)
      if (!existsSync(path)) closeSync(openSync(path, "a", 0o600))
      return { ...held(path), close: () => undefined }
    },
    empty() {
      for (const database of databases.values())
        for (const { name } of database.all("SELECT name FROM sqlite_master WHERE type = 'table'"))
          database.run(`DELETE FROM ${String(name)}`)
    },
  }
}

/** Says how a file is written. */
const OF_FILES = /^PRAGMA (?:synchronous|journal_mode|secure_delete|busy_timeout)/
/** Asks for tables and columns. */
const OF_SCHEMA = /^(?:PRAGMA table_info|SELECT \S+ FROM sqlite_master)/
/** Leaves tables and columns as they are. */
const OF_ROWS = /^\s*(?:INSERT|UPDATE|DELETE|BEGIN|COMMIT|END)/

/** Which table's rows a statement writes. */
const WRITTEN = /^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+(\w+)/
/** Changes no row by itself. */
const OF_TRANSACTIONS = /^(?:BEGIN|COMMIT|END)/

/**
 * Every opening asks for tables and columns again, which cost SQLite more than rows do: it is asked once for each. Who
 * wrote is known without asking, since all views write here.
 */
function sparing(database: Database): Database {
  const kinds = new Map<string, "files" | "schema" | "rows">()
  const kindOf = (sql: string): "files" | "schema" | "rows" => {
    const kind = kinds.get(sql) ?? (OF_FILES.test(sql) ? "files" : OF_SCHEMA.test(sql) ? "schema" : "rows")
    kinds.set(sql, kind)
    return kind
  }
  const schema = new Map<string, readonly Row[]>()
  const all: Database["all"] = (sql, parameters = []) => {
    const kind = kindOf(sql)
    if (kind === "rows") return database.all(sql, parameters)
    if (kind === "files") return []
    const question = [sql, ...parameters].join("\0")
    const rows = schema.get(question) ?? database.all(sql, parameters)
    schema.set(question, rows)
    return rows
  }
  const tables = new Map<string, string | undefined>()
  const writes = new Map<string, number>()
  let others = 0
  const note = (sql: string): void => {
    if (OF_TRANSACTIONS.test(sql)) return
    const table = tables.has(sql) ? tables.get(sql) : WRITTEN.exec(sql)?.[1]
    tables.set(sql, table)
    if (table === undefined) others += 1
    else writes.set(table, (writes.get(table) ?? 0) + 1)
  }
  return {
    ...database,
    all,
    stamp: (names) => names.reduce((sum, name) => sum + (writes.get(name) ?? 0), others),
    get: (sql, parameters = []) =>
      kindOf(sql) === "rows" ? database.get(sql, parameters) : all(sql, parameters)[0],
    run(sql, parameters = []) {
      note(sql)
      if (!OF_ROWS.test(sql)) schema.clear()
      return database.run(sql, parameters)
    },
  }
}
