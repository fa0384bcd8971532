import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync } from "node:fs"
import { dirname } from "node:path"
import type { Log } from "../../runtime.ts"
import { Secret } from "../../secret.ts"
import { setMode, systemCode } from "../../settings/index.ts"
import { hashOf } from "../login.ts"
import { DAY_MS } from "../quota.ts"
import type { Database, DatabaseDriver, SqlValue } from "./database.ts"
import { type Layout, TABLES } from "./schema.ts"

/** The database, its write-ahead log and the index of that. */
const SUFFIXES = ["", "-wal", "-shm"]
const PRIVATE = 0o600

export interface FilePlace {
  readonly path: string
  readonly driver: DatabaseDriver
}

/** Opens the file with our tables in it, making folder, file and tables where they are missing; everything 0600. */
export function openFile({ path, driver }: FilePlace): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (!existsSync(path)) closeSync(openSync(path, "a", PRIVATE))
  for (const suffix of SUFFIXES) makePrivate(path, suffix)
  const database = driver(path)
  try {
    // SQLite gives -wal and -shm the mode of the database.
    if (database.get("PRAGMA journal_mode")?.["journal_mode"] !== "wal")
      database.get("PRAGMA journal_mode = WAL")
    database.get("PRAGMA synchronous = NORMAL")
    // What a removed login leaves in the file is overwritten.
    database.get("PRAGMA secure_delete = ON")
    if (missingStatements(database).length > 0)
      inTransaction(database, () => {
        for (const statement of missingStatements(database)) database.run(statement)
      })
    hideEnvironmentKeys(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** The statements that the file still lacks: none in a file of this version or a newer one, so that opening it writes nothing. */
function missingStatements(database: Database): readonly string[] {
  const known = new Set(
    database
      .all("SELECT name FROM sqlite_master WHERE name LIKE 'kiro\\_%' ESCAPE '\\'")
      .map((row) => row["name"]),
  )
  return TABLES.flatMap((table) => [
    ...(known.has(table.name) ? missingColumns(database, table) : [createTable(table)]),
    ...Object.entries(table.indexes)
      .filter(([name]) => !known.has(name))
      .map(([name, rows]) => `CREATE INDEX IF NOT EXISTS ${name} ON ${table.name} ${rows}`),
  ])
}

function columnsOf(database: Database, table: string): ReadonlySet<string> {
  return new Set(database.all(`PRAGMA table_info(${table})`).map((row) => String(row["name"])))
}

function missingColumns(database: Database, { name, columns }: Layout): readonly string[] {
  const present = columnsOf(database, name)
  return [...columns]
    .filter(([column]) => !present.has(column))
    .map(([column, declared]) => `ALTER TABLE ${name} ADD COLUMN ${column} ${declared}`)
}

function createTable({ name, columns, key }: Layout): string {
  const declarations = [...columns].map(([column, declared]) => `${column} ${declared}`)
  return `CREATE TABLE IF NOT EXISTS ${name} (${[...declarations, `PRIMARY KEY (${key.join(", ")})`].join(", ")})`
}

/** Earlier versions kept the key of the environment: its hash is enough. */
function hideEnvironmentKeys(database: Database): void {
  const held = "source = 'environment' AND api_key IS NOT NULL"
  if (database.get(`SELECT 1 FROM kiro_login WHERE ${held}`) === undefined) return
  inTransaction(database, () => {
    for (const { id, api_key: key } of database.all(`SELECT id, api_key FROM kiro_login WHERE ${held}`)) {
      const record = { places: [], hashes: [hashOf(new Secret(String(key)))], inherited: [] }
      database.run("UPDATE kiro_login SET api_key = NULL, document = ? WHERE id = ?", [
        JSON.stringify(record),
        String(id),
      ])
    }
  })
  emptyLog(database)
}

/** Whether everything in the write-ahead log is in the file now, and the log is empty. */
export function emptyLog(database: Database): boolean {
  return database.get("PRAGMA wal_checkpoint(TRUNCATE)")?.["busy"] === 0
}

/** A database in memory, with the rows of the file where that can still be read. */
export function openMemory(place: FilePlace & { readonly log: Log }): Database {
  const { log } = place
  const memory = place.driver(":memory:")
  for (const statement of missingStatements(memory)) memory.run(statement)
  if (!existsSync(place.path)) return memory
  for (const options of [{ readonly: true }, { immutable: true }])
    try {
      const file = place.driver(place.path, options)
      try {
        copyRows(file, memory)
        return memory
      } finally {
        file.close()
      }
    } catch (error) {
      log.info("the account database could not be read", { path: place.path, error })
    }
  return memory
}

/** Begins with the write lock, so that what `change` reads is what it writes over. */
export function inTransaction<Value>(database: Database, change: () => Value): Value {
  database.run("BEGIN IMMEDIATE")
  try {
    const value = change()
    database.run("COMMIT")
    return value
  } catch (error) {
    try {
      database.run("ROLLBACK")
    } catch {
      // SQLite has rolled back by itself, as on a full disk: the failure itself is what the caller gets.
    }
    throw error
  }
}

/** All that `query` reads is of one moment; and SQLite takes its lock once, which costs more than to find a row. */
export function inOneLook<Value>(database: Database, query: () => Value): Value {
  database.run("BEGIN")
  try {
    return query()
  } finally {
    try {
      database.run("END")
    } catch {
      // A file that can't be read has ended it by itself: its own failure is what the caller gets.
    }
  }
}

/** Moves a damaged database out of the way, unless another process just did. The new name, or why not. */
export function setAside({ path, driver }: FilePlace, now: number): string | "sound" | undefined {
  if (isSound({ path, driver })) return "sound"
  const backup = `${path}.damaged-${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}`
  try {
    for (const suffix of SUFFIXES.filter((each) => existsSync(path + each)))
      renameSync(path + suffix, backup + suffix)
    return backup
  } catch {
    // Windows does not move a file that another process has open.
    return undefined
  }
}

/** Tells one file from another that took its name; `undefined` where there is none, or no folder for one. */
export function identityOf(path: string): string | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false, bigint: true })
    return stats && `${stats.dev}:${stats.ino}`
  } catch (error) {
    if (["ENOTDIR", "ELOOP"].includes(systemCode(error))) return undefined
    throw error
  }
}

function isSound({ path, driver }: FilePlace): boolean {
  try {
    const database = driver(path, { readonly: true })
    try {
      return database.get("PRAGMA quick_check(1)")?.["quick_check"] === "ok"
    } finally {
      database.close()
    }
  } catch {
    return false
  }
}

/** For its owner alone; the side files also for its owner to write, whatever the database was when they were made. */
function makePrivate(path: string, suffix: string): void {
  const mode = statSync(path + suffix, { throwIfNoEntry: false })?.mode
  if (mode === undefined) return
  const isOurs = suffix === "" || (mode & PRIVATE) === PRIVATE
  if ((mode & 0o077) !== 0 || !isOurs) setMode(path + suffix, PRIVATE)
}

function copyRows(from: Database, to: Database): void {
  for (const { name, columns } of TABLES) {
    const present = columnsOf(from, name)
    const shared = [...columns.keys()].filter((column) => present.has(column))
    if (shared.length === 0) continue
    const list = shared.join(", ")
    const insert = `INSERT OR IGNORE INTO ${name} (${list}) VALUES (${shared.map(() => "?").join(", ")})`
    for (const row of from.all(`SELECT ${list} FROM ${name}`))
      to.run(insert, Object.values(row) as readonly SqlValue[])
  }
}

/** Rows deleted of one table at a time: a prune must not hold up the event loop. */
const BATCH = 500

/** Newest rows that are kept, whatever their age. */
const MOST_ROWS = [
  { table: "kiro_session", age: "updated_at", most: 5000, days: 30 },
  { table: "kiro_reasoning", age: "at", most: 10_000, days: 30 },
  { table: "kiro_turn", age: "at", most: 100_000, days: 90 },
  { table: "kiro_refused_field", age: "at", most: 500, days: 30 },
] as const

/** A key of the environment that was not there for so long is forgotten. */
const KEY_DAYS = 90

/** With the account that it alone was; but who is off, suspended or removed stays so, however long ago that was. */
function forgetKeys(database: Database, before: number): void {
  const unused = `enabled <> 0 AND removed_at IS NULL AND COALESCE(health, '') NOT LIKE '%"revoked"%'
    AND MAX(COALESCE(last_used_at, 0), added_at) < ?`
  const loginOf = (source: string): string =>
    `EXISTS (SELECT 1 FROM kiro_login WHERE account_id = kiro_account.id AND source ${source} 'environment')`
  database.run(`DELETE FROM kiro_account WHERE ${unused} AND ${loginOf("=")} AND NOT ${loginOf("<>")}`, [
    before,
  ])
  database.run(
    `DELETE FROM kiro_login WHERE source = 'environment' AND
       (account_id NOT IN (SELECT id FROM kiro_account) OR account_id IN (SELECT id FROM kiro_account WHERE ${unused}))`,
    [before],
  )
  database.run("DELETE FROM kiro_model_list WHERE account_id NOT IN (SELECT id FROM kiro_account)")
}

/** Deletes what is too old or too much, as far as it goes at a time; whether there may be more. */
export function prune(database: Database, now: number): boolean {
  let isMore = false
  forgetKeys(database, now - KEY_DAYS * DAY_MS)
  for (const { table, age, most, days } of MOST_ROWS) {
    const count = `SELECT COUNT(*) FROM ${table}`
    const gone = database.run(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY ${age}
         LIMIT MIN(${BATCH}, MAX(0, (${count}) - ${most}, (${count} WHERE ${age} < ?))))`,
      [now - days * DAY_MS],
    )
    isMore ||= gone === BATCH
  }
  return isMore
}
