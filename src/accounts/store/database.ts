/** The one seam over the SQLite of the runtime: `bun:sqlite` in Bun, `node:sqlite` elsewhere, loaded on first use. */

export type SqlValue = string | number | null

/** Column values as the driver gives them: judge them before use. */
export type Row = { readonly [column: string]: unknown }

export interface Database {
  all(sql: string, parameters?: readonly SqlValue[]): readonly Row[]
  get(sql: string, parameters?: readonly SqlValue[]): Row | undefined
  /** The number of rows that it changed. */
  run(sql: string, parameters?: readonly SqlValue[]): number
  close(): void
}

export interface OpenOptions {
  readonly readonly?: boolean
}

/** Opens a database synchronously, with no busy timeout. Errors carry SQLite's code: `sqliteFailure` reads it. */
export type DatabaseDriver = (path: string, options?: OpenOptions) => Database

/** Rejects where the runtime has no SQLite (Node before 22.13). */
export async function loadDatabaseDriver(): Promise<DatabaseDriver> {
  return "Bun" in globalThis ? await bunDriver() : await nodeDriver()
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
}

interface Handle {
  prepare(sql: string): Statement
  close(): void
}

/** A bundler must not see the specifiers: each exists in one runtime only. */
const specifier = (scheme: string): string => `${scheme}:sqlite`

async function bunDriver(): Promise<DatabaseDriver> {
  const module = (await import(specifier("bun"))) as {
    Database: new (
      path: string,
      options: { readonly?: boolean; readwrite?: boolean; create?: boolean },
    ) => Handle
  }
  return (path, { readonly = false } = {}) =>
    wrap(new module.Database(path, readonly ? { readonly } : { readwrite: true, create: true }))
}

async function nodeDriver(): Promise<DatabaseDriver> {
  const module = (await import(specifier("node"))) as {
    DatabaseSync: new (path: string, options: { readOnly?: boolean; timeout?: number }) => Handle
  }
  return (path, { readonly = false } = {}) =>
    wrap(new module.DatabaseSync(path, { readOnly: readonly, timeout: 0 }))
}

function wrap(handle: Handle): Database {
  const statements = new Map<string, Statement>()
  const prepare = (sql: string): Statement => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = handle.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  const database: Database = {
    all: (sql, parameters = []) => prepare(sql).all(...parameters),
    get: (sql, parameters = []) => prepare(sql).get(...parameters) ?? undefined,
    run: (sql, parameters = []) => Number(prepare(sql).run(...parameters).changes),
    close: () => handle.close(),
  }
  database.get("PRAGMA busy_timeout = 0")
  return database
}
