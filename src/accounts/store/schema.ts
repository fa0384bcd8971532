import type { Database } from "./database.ts"

export interface Table {
  /** Name and declaration. All but the first version's columns must be nullable or have a default. */
  readonly columns: { readonly [name: string]: string }
  readonly key: readonly string[]
  /** The columns of each, and which rows it has, where not all. */
  readonly indexes: readonly string[]
  /** Columns that a write of the whole row leaves as they are. */
  readonly apart?: readonly string[]
}

/**
 * All durable state. Versions of this package that read one file at once differ only by columns and tables that the
 * newer one added, so a column is never renamed, retyped or dropped. The names keep clear of the tables
 * that other plugins have in the same file.
 */
export const TABLES = {
  kiro_account: {
    columns: {
      id: "TEXT NOT NULL",
      user_id: "TEXT",
      label: "TEXT",
      email: "TEXT",
      profile_arn: "TEXT",
      enabled: "INTEGER NOT NULL DEFAULT 1",
      removed_at: "INTEGER",
      added_at: "INTEGER NOT NULL DEFAULT 0",
      last_used_at: "INTEGER",
      assignment: "INTEGER NOT NULL DEFAULT 0",
      health: "TEXT",
      quota: "TEXT",
      hosts: "TEXT",
      forgotten: "TEXT",
      document: "TEXT",
    },
    key: ["id"],
    indexes: [],
    apart: ["document"],
  },
  kiro_login: {
    columns: {
      id: "TEXT NOT NULL",
      account_id: "TEXT NOT NULL",
      source: "TEXT NOT NULL",
      source_key: "TEXT",
      kind: "TEXT NOT NULL",
      profile_arn: "TEXT",
      access_token: "TEXT",
      refresh_token: "TEXT",
      expires_at: "INTEGER",
      behind_access_token: "TEXT",
      behind_refresh_token: "TEXT",
      behind_expires_at: "INTEGER",
      revoked_at: "INTEGER",
      revoked_reason: "TEXT",
      client_id: "TEXT",
      client_secret: "TEXT",
      client_expires_at: "INTEGER",
      start_url: "TEXT",
      login_region: "TEXT",
      provider: "TEXT",
      token_endpoint: "TEXT",
      scopes: "TEXT",
      api_key: "TEXT",
      document: "TEXT",
    },
    key: ["id"],
    indexes: ["account_id"],
    apart: ["document", "behind_access_token", "behind_refresh_token", "behind_expires_at"],
  },
  kiro_session: {
    columns: {
      session_id: "TEXT NOT NULL",
      account_id: "TEXT",
      shorten_step: "REAL",
      shortened_size: "INTEGER",
      shortened_window: "INTEGER",
      generation: "INTEGER NOT NULL DEFAULT 0",
      overflow_answered: "INTEGER NOT NULL DEFAULT 0",
      full_window: "TEXT",
      chosen_account_id: "TEXT",
      left_out: "TEXT",
      token_ratio: "REAL",
      just_compacted: "INTEGER NOT NULL DEFAULT 0",
      updated_at: "INTEGER NOT NULL DEFAULT 0",
    },
    key: ["session_id"],
    indexes: ["updated_at"],
  },
  kiro_reasoning: {
    columns: {
      session_id: "TEXT NOT NULL",
      tool_use_id: "TEXT NOT NULL",
      text_hash: "TEXT NOT NULL",
      signature: "TEXT",
      redacted: "TEXT",
      at: "INTEGER NOT NULL DEFAULT 0",
    },
    key: ["session_id", "tool_use_id", "text_hash"],
    indexes: ["at"],
  },
  kiro_turn: {
    columns: {
      id: "INTEGER",
      session_id: "TEXT NOT NULL",
      account_id: "TEXT NOT NULL",
      model_id: "TEXT",
      credits: "REAL NOT NULL DEFAULT 0",
      at: "INTEGER NOT NULL DEFAULT 0",
      day: "TEXT",
      parent_session_id: "TEXT",
      project: "TEXT",
      purpose: "TEXT",
      attempt: "INTEGER",
      failed: "INTEGER NOT NULL DEFAULT 0",
      input_tokens: "INTEGER",
      cache_read_tokens: "INTEGER",
      cache_write_tokens: "INTEGER",
    },
    key: ["id"],
    // Every answer writes into each of them.
    indexes: [
      "at",
      "account_id, at",
      "session_id, at",
      "parent_session_id WHERE parent_session_id IS NOT NULL",
    ],
  },
  kiro_note: { columns: { name: "TEXT NOT NULL", value: "TEXT NOT NULL" }, key: ["name"], indexes: [] },
  kiro_refused_field: {
    columns: { model_id: "TEXT NOT NULL", field: "TEXT NOT NULL", at: "INTEGER NOT NULL DEFAULT 0" },
    key: ["model_id", "field"],
    indexes: ["at"],
  },
  kiro_registration: {
    columns: {
      login_region: "TEXT NOT NULL",
      start_url: "TEXT NOT NULL",
      client_id: "TEXT NOT NULL",
      client_secret: "TEXT NOT NULL",
      expires_at: "INTEGER",
    },
    key: ["login_region", "start_url"],
    indexes: [],
  },
  kiro_model_list: {
    columns: {
      account_id: "TEXT NOT NULL",
      service_region: "TEXT NOT NULL",
      models: "TEXT NOT NULL",
      fetched_at: "INTEGER NOT NULL DEFAULT 0",
    },
    key: ["account_id", "service_region"],
    indexes: [],
  },
} satisfies Readonly<Record<string, Table>>

export type TableName = keyof typeof TABLES

/** The statements that the file still lacks: none in a file of this version or a newer one, so that opening it writes nothing. */
export function missingStatements(database: Database): readonly string[] {
  const known = new Set(
    database
      .all("SELECT name FROM sqlite_master WHERE name LIKE 'kiro\\_%' ESCAPE '\\'")
      .map((row) => row["name"]),
  )
  return Object.entries<Table>(TABLES).flatMap(([name, table]) => [
    ...(known.has(name) ? missingColumns(database, name, table) : [createTable(name, table)]),
    ...table.indexes.flatMap((index) => missingIndex(known, name, index)),
  ])
}

function missingIndex(known: ReadonlySet<unknown>, table: string, index: string): readonly string[] {
  const [columns = "", rows] = index.split(" WHERE ")
  const name = `${table}_${columns.replaceAll(", ", "_")}`
  if (known.has(name)) return []
  const some = rows === undefined ? "" : ` WHERE ${rows}`
  return [`CREATE INDEX IF NOT EXISTS ${name} ON ${table} (${columns})${some}`]
}

export function columnsOf(database: Database, table: string): ReadonlySet<string> {
  return new Set(database.all(`PRAGMA table_info(${table})`).map((row) => String(row["name"])))
}

function missingColumns(database: Database, name: string, { columns }: Table): readonly string[] {
  const present = columnsOf(database, name)
  return Object.entries(columns)
    .filter(([column]) => !present.has(column))
    .map(([column, declaration]) => `ALTER TABLE ${name} ADD COLUMN ${column} ${declaration}`)
}

function createTable(name: string, { columns, key }: Table): string {
  const declarations = Object.entries(columns).map(([column, declaration]) => `${column} ${declaration}`)
  return `CREATE TABLE IF NOT EXISTS ${name} (${[...declarations, `PRIMARY KEY (${key.join(", ")})`].join(", ")})`
}
