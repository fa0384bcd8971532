import { type JsonObject, parseJson, plausibleInstant, type Present } from "../../json.ts"
import { Secret } from "../../secret.ts"
import {
  LOGIN_SOURCES,
  readAccountRecord,
  readForgotten,
  readHealth,
  readHosts,
  readLoginRecord,
  readQuota,
} from "../account.ts"
import type { Database, Row, SqlValue } from "./database.ts"

/** A column as SQLite is told of it, and what its cells say: `undefined` where that is nothing that can be used. */
interface Column<Value> {
  readonly declared: string
  readonly read: (cell: unknown) => Value
}

type Columns = { readonly [member: string]: Column<unknown> }

/** The members of a row, but for those that it does not have. */
type RowOf<Kept extends Columns> = Present<{
  readonly [Name in keyof Kept]: ReturnType<Kept[Name]["read"]>
}>

/**
 * One table and its rows. A member is the column of its name: `addedAt` is `added_at`. What is absent is NULL, or 0
 * where a column can't be; a flag is 1 or 0; lists and objects are JSON.
 */
class Table<Kept extends Columns> {
  readonly name: string
  /** Name and declaration of each column. */
  readonly columns: ReadonlyMap<string, string>
  readonly key: readonly string[]
  /** By name: the columns of each, and which rows it has, where not all. */
  readonly indexes: { readonly [name: string]: string }
  readonly #cells: readonly Cell[]
  /** Writes a whole row, whether it was there or not. */
  readonly #upsert: string

  constructor(
    name: string,
    kept: Kept,
    { key, indexes = {} }: Pick<Layout, "key"> & Partial<Pick<Layout, "indexes">>,
  ) {
    this.name = name
    this.key = key
    this.indexes = indexes
    this.#cells = Object.entries(kept).map(([member, { declared, read }]) => ({
      member,
      column: member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      declared,
      read,
    }))
    this.columns = new Map(this.#cells.map(({ column, declared }) => [column, declared]))
    const all = [...this.columns.keys()]
    const others = all.filter((column) => !key.includes(column))
    this.#upsert = `INSERT INTO ${name} (${all.join(", ")}) VALUES (${all.map(() => "?").join(", ")})
      ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(", ")}`
  }

  read(row: Row): RowOf<Kept>
  read(row: Row): JsonObject {
    const members: { [member: string]: unknown } = {}
    for (const { member, column, read } of this.#cells) {
      const value = read(row[column])
      if (value !== undefined) members[member] = value
    }
    return members
  }

  /**
   * Writes one row: what differs from `before`, which is what it holds, or all of it, whether it was there or not.
   * Members without a column are left to the caller.
   */
  write(database: Database, value: JsonObject, before?: JsonObject): void {
    const valuesOf = (cells: readonly Cell[]): SqlValue[] => cells.map((cell) => valueIn(cell, value))
    if (before === undefined) return void database.run(this.#upsert, valuesOf(this.#cells))
    const keys = this.#cells.filter(({ column }) => this.key.includes(column))
    const changed = this.#cells.filter(
      (cell) => !keys.includes(cell) && valueIn(cell, value) !== valueIn(cell, before),
    )
    if (changed.length === 0) return
    const set = changed.map(({ column }) => `${column} = ?`).join(", ")
    const where = keys.map(({ column }) => `${column} = ?`).join(" AND ")
    database.run(`UPDATE ${this.name} SET ${set} WHERE ${where}`, valuesOf([...changed, ...keys]))
  }
}

interface Cell extends Column<unknown> {
  readonly member: string
  readonly column: string
}

function valueIn({ member, declared }: Cell, { [member]: value }: JsonObject): SqlValue {
  if (value === undefined) return declared.includes("NOT NULL") ? 0 : null
  if (typeof value === "string" || typeof value === "number") return value
  if (typeof value === "boolean") return value ? 1 : 0
  return value instanceof Secret ? value.reveal() : JSON.stringify(value)
}

const text: Column<string | undefined> = {
  declared: "TEXT",
  read: (cell) => (typeof cell === "string" && cell !== "" ? cell : undefined),
}
const number: Column<number | undefined> = {
  declared: "INTEGER",
  read: (cell) => (typeof cell === "number" && Number.isFinite(cell) ? cell : undefined),
}
const real: Column<number | undefined> = { ...number, declared: "REAL" }
const instant: Column<number | undefined> = { ...number, read: (cell) => plausibleInstant(number.read(cell)) }
const secret: Column<Secret | undefined> = {
  ...text,
  read: (cell) => (typeof cell === "string" && cell !== "" ? new Secret(cell) : undefined),
}
/** A flag that is absent where it is not set. */
const flag: Column<boolean | undefined> = { ...number, read: (cell) => (cell === 1 ? true : undefined) }

function oneOf<Value>(
  values: readonly Value[],
  { declared }: Pick<Column<Value>, "declared"> = text,
): Column<Value | undefined> {
  return { declared, read: (cell) => values.find((value) => value === cell) }
}

function json<Value>(read: (document: unknown) => Value | undefined): Column<Value | undefined> {
  return { ...text, read: (cell) => (typeof cell === "string" ? read(parseJson(cell)) : undefined) }
}

function or<Value>({ declared, read }: Column<Value | undefined>, otherwise: Value): Column<Value> {
  return { declared, read: (cell) => read(cell) ?? otherwise }
}

/** Every row has it. All but the first version's columns need a default then. */
function held<Value>({ declared, read }: Column<Value>, byDefault?: number): Column<Value> {
  const more = byDefault === undefined ? "" : ` DEFAULT ${byDefault}`
  return { declared: `${declared} NOT NULL${more}`, read }
}

const name: Column<string> = or(held(text), "")
const count: Column<number> = or(held(number, 0), 0)

/**
 * All durable state. Versions of this package that read one file at once differ only by columns and tables that the
 * newer one added, so a column is never renamed, retyped or dropped. The names keep clear of the tables
 * that other plugins have in the same file.
 */
export const ACCOUNTS = new Table(
  "kiro_account",
  {
    id: name,
    userId: text,
    label: text,
    email: text,
    profileArn: text,
    enabled: { declared: "INTEGER NOT NULL DEFAULT 1", read: (cell) => cell !== 0 },
    removedAt: number,
    addedAt: count,
    lastUsedAt: number,
    assignment: count,
    health: or(json(readHealth), { state: "ok" }),
    quota: json(readQuota),
    hosts: or(json(readHosts), {}),
    forgotten: json(readForgotten),
    document: json(readAccountRecord),
  },
  { key: ["id"] },
)

export const LOGINS = new Table(
  "kiro_login",
  {
    id: name,
    accountId: name,
    source: held(oneOf(LOGIN_SOURCES)),
    sourceKey: text,
    kind: held(oneOf(["idc", "social", "external-idp", "api-key"] as const)),
    profileArn: text,
    accessToken: secret,
    refreshToken: secret,
    expiresAt: or(instant, 0),
    behindAccessToken: secret,
    behindRefreshToken: secret,
    behindExpiresAt: instant,
    revokedAt: number,
    revokedReason: or(text, ""),
    clientId: text,
    clientSecret: secret,
    clientExpiresAt: instant,
    startUrl: text,
    loginRegion: text,
    provider: text,
    tokenEndpoint: text,
    scopes: text,
    apiKey: secret,
    document: json(readLoginRecord),
  },
  { key: ["id"] },
)

/** They are few and small: what is too old is found without an index, once an hour. */
export const SESSIONS = new Table(
  "kiro_session",
  {
    sessionId: name,
    /** The account of its conversation. */
    accountId: text,
    /** The step of shortening that worked last. */
    shortenStep: oneOf([0.8, 0.6, 0.4] as const, real),
    /** The size of the request that needed it, in estimated tokens. */
    shortenedSize: number,
    /** The window of the model that needed it, in tokens. */
    shortenedWindow: number,
    /** Raised when the service wants a new conversation id. */
    generation: count,
    /** Whether we answered overflow and no answer of purpose main succeeded since. */
    overflowAnswered: or(held(flag, 0), false),
    /** Whether the last answer of purpose main said that the window is full, and the host has compacted since. */
    fullWindow: oneOf(["reported", "compacted"] as const),
    /** The account that the user chose for it. */
    chosenAccountId: text,
    /** The parts of its requests that the service refused and that are not sent again, as the gateway names them. */
    leftOut: json(names),
    /** The service's tokens for one estimated one, as its answers taught. */
    tokenRatio: real,
    /** The host has compacted, and no answer of purpose main came since. */
    justCompacted: held(flag, 0),
    updatedAt: count,
  },
  { key: ["session_id"] },
)

function names(list: unknown): readonly string[] | undefined {
  return Array.isArray(list) ? list.filter((each) => typeof each === "string") : undefined
}

export const REASONING = new Table(
  "kiro_reasoning",
  { sessionId: name, toolUseId: name, textHash: name, signature: text, redacted: text, at: count },
  { key: ["session_id", "tool_use_id", "text_hash"], indexes: { kiro_reasoning_at: "(at)" } },
)

/** Every answer writes into each of its indexes. */
export const TURNS = new Table(
  "kiro_turn",
  {
    id: number,
    sessionId: name,
    accountId: name,
    modelId: text,
    credits: or(held(real, 0), 0),
    at: count,
    /** The local day on which it was written down: `2026-11-29`. */
    day: text,
    /** The session that a subagent works for. */
    parentSessionId: text,
    /** The folder of the project. */
    project: text,
    /** What the request was for: `main`, `title`, `compaction`, `generate`. */
    purpose: text,
    /** The number of the HTTP send within its request, from 1. */
    attempt: number,
    failed: held(flag, 0),
    /** All tokens of the input, and those of them that the service read from its cache or wrote there; where it told. */
    inputTokens: number,
    cacheReadTokens: number,
    cacheWriteTokens: number,
  },
  {
    key: ["id"],
    indexes: {
      kiro_turn_at: "(at)",
      kiro_turn_account_id_at: "(account_id, at)",
      kiro_turn_session_id_at: "(session_id, at)",
      kiro_turn_parent_session_id: "(parent_session_id) WHERE parent_session_id IS NOT NULL",
    },
  },
)

export const NOTES = new Table("kiro_note", { name, value: name }, { key: ["name"] })

/** A field of a model's request, or an input such as `documents`, that the service refused for this model. */
export const REFUSED_FIELDS = new Table(
  "kiro_refused_field",
  { modelId: name, field: name, at: count },
  { key: ["model_id", "field"] },
)

export const REGISTRATIONS = new Table(
  "kiro_registration",
  {
    loginRegion: name,
    startUrl: held(text),
    clientId: name,
    clientSecret: held(secret),
    expiresAt: number,
  },
  { key: ["login_region", "start_url"] },
)

export const MODEL_LISTS = new Table(
  "kiro_model_list",
  { accountId: name, serviceRegion: name, models: name, fetchedAt: count },
  { key: ["account_id", "service_region"] },
)

/** What the file has to have. */
export type Layout = Pick<Table<Columns>, "name" | "columns" | "key" | "indexes">

export const TABLES: readonly Layout[] = [
  ACCOUNTS,
  LOGINS,
  SESSIONS,
  REASONING,
  TURNS,
  NOTES,
  REFUSED_FIELDS,
  REGISTRATIONS,
  MODEL_LISTS,
]
