import { type JsonObject, parseJson, type Present } from "../../json.ts"
import { Secret } from "../../secret.ts"
import type { Database, Row, SqlValue } from "./database.ts"

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
    // They are few and small: what is too old is found without an index, once an hour.
    indexes: [],
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

/**
 * Values and their rows. A member is the column of its name: `addedAt` is `added_at`. What is absent is NULL, or 0 where
 * a column can't be; a flag is 1 or 0; lists and objects are JSON. Members without a column are left to their caller.
 */

/** Writes one row: what differs from `before`, which is what it holds, or all of it, whether it was there or not. */
export function writeRow(database: Database, name: TableName, value: JsonObject, before?: JsonObject): void {
  const { columns, insertOrChange } = LAYOUTS[name]
  const cells = cellsOf(columns, value)
  if (before === undefined) return void database.run(insertOrChange, cells)
  const known = cellsOf(columns, before)
  const isKey = ({ name: column }: Column): boolean => TABLES[name].key.includes(column)
  const [changed, keys] = [columns.filter((_, index) => cells[index] !== known[index]), columns.filter(isKey)]
  if (changed.length === 0) return
  const equal = (some: readonly Column[]): readonly string[] => some.map((column) => `${column.name} = ?`)
  database.run(
    `UPDATE ${name} SET ${equal(changed).join(", ")} WHERE ${equal(keys).join(" AND ")}`,
    cellsOf([...changed, ...keys], value),
  )
}

interface Column {
  readonly name: string
  readonly member: string
  readonly absent: SqlValue
}

interface Layout {
  readonly columns: readonly Column[]
  readonly insertOrChange: string
}

const LAYOUTS = Object.fromEntries(
  Object.entries<Table>(TABLES).map(([name, table]) => [name, layoutOf(name, table)]),
) as Readonly<Record<TableName, Layout>>

function layoutOf(table: string, { columns, key, apart = [] }: Table): Layout {
  const written = Object.keys(columns).filter((column) => !apart.includes(column))
  const changed = written.filter((column) => !key.includes(column))
  return {
    columns: written.map((name) => ({
      name,
      member: name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      absent: columns[name]?.includes("NOT NULL") === true ? 0 : null,
    })),
    insertOrChange: `INSERT INTO ${table} (${written.join(", ")}) VALUES (${written.map(() => "?").join(", ")})
     ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${changed.map((column) => `${column} = excluded.${column}`).join(", ")}`,
  }
}

function cellsOf(columns: readonly Column[], value: JsonObject): readonly SqlValue[] {
  return columns.map(({ member, absent }) => cellOf(value[member], absent))
}

function cellOf(member: unknown, absent: SqlValue): SqlValue {
  if (member === undefined) return absent
  if (typeof member === "string" || typeof member === "number") return member
  if (typeof member === "boolean") return member ? 1 : 0
  return member instanceof Secret ? member.reveal() : JSON.stringify(member)
}

/** What a cell says; `undefined` where that is nothing that can be used. */
type ReadCell<Value> = (cell: unknown) => Value

/** Reads the members of a row, and leaves out those that it does not have. */
export function rowReader<Members extends object>(cells: {
  readonly [Name in keyof Members]: ReadCell<Members[Name]>
}): (row: Row) => Present<Members>
export function rowReader<Members extends object>(cells: {
  readonly [Name in keyof Members]: ReadCell<Members[Name]>
}): (row: Row) => Partial<Members> {
  const columns: Partial<Record<keyof Members, string>> = {}
  for (const name in cells) columns[name] = columnOf(name)
  return (row) => {
    const members: Partial<Members> = {}
    for (const name in cells) {
      const value = cells[name](row[columns[name] ?? name])
      if (value !== undefined) members[name] = value
    }
    return members
  }
}

function columnOf(member: string): string {
  return member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

export const text: ReadCell<string | undefined> = (cell) =>
  typeof cell === "string" && cell !== "" ? cell : undefined

export const number: ReadCell<number | undefined> = (cell) =>
  typeof cell === "number" && Number.isFinite(cell) ? cell : undefined

export const secret: ReadCell<Secret | undefined> = (cell) => {
  const held = text(cell)
  return held === undefined ? undefined : new Secret(held)
}

/** A flag that is absent where it is not set. */
export const flag: ReadCell<boolean | undefined> = (cell) => (cell === 1 ? true : undefined)

export function or<Value>(read: ReadCell<Value | undefined>, otherwise: Value): ReadCell<Value> {
  return (cell) => read(cell) ?? otherwise
}

export function oneOf<Value>(values: readonly Value[]): ReadCell<Value | undefined> {
  return (cell) => values.find((value) => value === cell)
}

/** A column that holds JSON. */
export function json<Value>(read: ReadCell<Value | undefined>): ReadCell<Value | undefined> {
  return (cell) => (typeof cell === "string" ? read(parseJson(cell)) : undefined)
}
