import { isDeepStrictEqual } from "node:util"
import type { Account, ClientRegistration } from "../account.ts"
import type { AccountModelList } from "../../kiro/index.ts"
import { numberField, parseJson, present } from "../../json.ts"
import { type Database, reusing, untilWritten } from "./database.ts"
import { flag, json, number, oneOf, or, rowReader, secret, text, writeRow } from "./schema.ts"

/** Whether both say the same; when it was written down does not count. */
export function sameMemory(left: SessionMemory, right: SessionMemory): boolean {
  return isDeepStrictEqual({ ...left, updatedAt: 0 }, { ...right, updatedAt: 0 })
}

/** What one answer leaves behind. Changes are pure: they may run more than once. */
export interface Learnt {
  readonly sessionId: string
  readonly session?: (current: SessionMemory) => SessionMemory
  readonly reasoning?: readonly ReasoningEntry[]
  readonly account?: { readonly id: string; readonly change: (current: Account) => Account }
  readonly turn?: Turn
}

/** What an answer left behind of its session, and its turn. */
export function writeLearnt(
  database: Database,
  { sessionId, session, reasoning = [], turn }: Learnt,
  now: number,
): void {
  for (const { toolUseIds, ...entry } of reasoning)
    for (const toolUseId of toolUseIds)
      writeRow(database, "kiro_reasoning", { ...entry, sessionId, toolUseId, at: now })
  if (session !== undefined) changeSession(database, { id: sessionId, change: session, now })
  if (turn !== undefined) insertTurn(database, turn)
}

export function changeSession(
  database: Database,
  wanted: {
    readonly id: string
    readonly change: (current: SessionMemory) => SessionMemory
    readonly now: number
  },
): SessionMemory {
  const { id: sessionId, change, now } = wanted
  const next = { ...change(readSession(database, sessionId)), updatedAt: now }
  writeRow(database, "kiro_session", { ...next, sessionId })
  return next
}

export const NEW_SESSION: SessionMemory = { generation: 0, overflowAnswered: false, updatedAt: 0 }

const sessionOf = rowReader({
  /** The account of its conversation. */
  accountId: text,
  /** The account that the user chose for it. */
  chosenAccountId: text,
  /** The step of shortening that worked last. */
  shortenStep: oneOf([0.8, 0.6, 0.4] as const),
  /** The size of the request that needed it, in estimated tokens. */
  shortenedSize: number,
  /** The window of the model that needed it, in tokens. */
  shortenedWindow: number,
  /** Raised when the service wants a new conversation id. */
  generation: or(number, 0),
  /** Whether we answered overflow and no answer of purpose main succeeded since. */
  overflowAnswered: or(flag, false),
  /** Whether the last answer of purpose main said that the window is full, and the host has compacted since. */
  fullWindow: oneOf(["reported", "compacted"] as const),
  /** The parts of its requests that the service refused and that are not sent again, as the gateway names them. */
  leftOut: json(names),
  /** The service's tokens for one estimated one, as its answers taught. */
  tokenRatio: number,
  /** The host has compacted, and no answer of purpose main came since. */
  justCompacted: flag,
  updatedAt: or(number, 0),
})

/** What is remembered of one session of the host. */
export type SessionMemory = ReturnType<typeof sessionOf>

function names(list: unknown): readonly string[] | undefined {
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : undefined
}

export function readSession(database: Database, id: string): SessionMemory {
  const row = database.get("SELECT * FROM kiro_session WHERE session_id = ?", [id])
  return row === undefined ? NEW_SESSION : sessionOf(row)
}

const reasoningOf = rowReader({
  toolUseId: text,
  textHash: or(text, ""),
  signature: text,
  redacted: text,
})

/** The signature, or the redacted blob, of one piece of reasoning; base64 stays as it came. */
export interface ReasoningEntry extends Omit<ReturnType<typeof reasoningOf>, "toolUseId"> {
  /** The tool uses that the reasoning led to. */
  readonly toolUseIds: readonly string[]
}

export function readReasoning(database: Database, sessionId: string): readonly ReasoningEntry[] {
  // Sorted here: most have none, and SQLite makes a sorter before it knows.
  return database
    .all("SELECT *, rowid AS place FROM kiro_reasoning WHERE session_id = ?", [sessionId])
    .toSorted(
      (one, other) =>
        Number(one["at"]) - Number(other["at"]) || Number(one["place"]) - Number(other["place"]),
    )
    .map(reasoningOf)
    .flatMap(({ toolUseId, ...entry }) =>
      toolUseId === undefined ? [] : [{ toolUseIds: [toolUseId], ...entry }],
    )
}

/** The local day of an instant: `2026-11-29`. */
export function localDay(at: number): string {
  const date = new Date(at)
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0"))
  return `${date.getFullYear()}-${month}-${day}`
}

export function insertTurn(database: Database, turn: Turn): void {
  writeRow(database, "kiro_turn", { ...turn, day: localDay(turn.at) })
  // It says when the session may be pruned, in a month.
  database.run("UPDATE kiro_session SET updated_at = ? WHERE session_id = ? AND updated_at < ?", [
    turn.at,
    turn.sessionId,
    turn.at - HOUR_MS,
  ])
}

const turnOf = rowReader({
  sessionId: or(text, ""),
  accountId: or(text, ""),
  modelId: text,
  credits: or(number, 0),
  at: or(number, 0),
  day: text,
  /** The session that a subagent works for. */
  parentSessionId: text,
  /** The folder of the project. */
  project: text,
  /** What the request was for: `main`, `title`, `compaction`, `generate`. */
  purpose: text,
  /** The number of the HTTP send within its request, from 1. */
  attempt: number,
  failed: flag,
  /** All tokens of the input, and those of them that the service read from its cache or wrote there; where it told. */
  inputTokens: number,
  cacheReadTokens: number,
  cacheWriteTokens: number,
})

/** What the service metered for one attempt: of an answer, or of one that failed. */
export type Turn = Omit<ReturnType<typeof turnOf>, "day">

/** A turn as it is kept, for 90 days. */
export interface StoredTurn extends Turn {
  /** The local day on which it was written down: `2026-11-29`. */
  readonly day: string
}

export interface TurnFilter {
  readonly sessionId?: string
  readonly since?: number
}

export function readTurns(database: Database, { sessionId, since = 0 }: TurnFilter): readonly StoredTurn[] {
  const [ofSession, parameters] = sessionId === undefined ? ["", []] : ["AND session_id = ?", [sessionId]]
  return database
    .all(`SELECT * FROM kiro_turn WHERE at >= ? ${ofSession} ORDER BY at DESC, id DESC`, [
      since,
      ...parameters,
    ])
    .map(turnOf)
    .map((turn) => ({ ...turn, day: turn.day ?? localDay(turn.at) }))
}

const HOUR_MS = 60 * 60_000

/** A day begins at most 14 hours before it does in Greenwich, and ends at most 12 hours after it. */
export function creditsOfDay(database: Database, day: string): number {
  const begin = Date.parse(day)
  const row = database.get(
    "SELECT TOTAL(credits) AS credits FROM kiro_turn WHERE at >= ? AND at < ? AND day = ?",
    [begin - 14 * HOUR_MS, begin + 36 * HOUR_MS, day],
  )
  return (row && numberField(row, "credits")) ?? 0
}

const BUDGET_LIFT = "budget-lift"

/** Whether the user lifted the credit budget for this local day. */
export function isBudgetLifted(database: Database, day: string): boolean {
  return database.get("SELECT value FROM kiro_note WHERE name = ?", [BUDGET_LIFT])?.["value"] === day
}

export function liftBudget(database: Database, day: string): void {
  writeRow(database, "kiro_note", { name: BUDGET_LIFT, value: day })
}

/** Credits of the account's turns after an instant. */
export function creditsSince(database: Database, accountId: string, since: number): number {
  const row = database.get(
    "SELECT TOTAL(credits) AS credits FROM kiro_turn WHERE account_id = ? AND at > ?",
    [accountId, since],
  )
  return (row && numberField(row, "credits")) ?? 0
}

/** The same text gives the same object: the lists are read for every chat and change once an hour. */
export function modelListReader(): (database: Database) => readonly AccountModelList[] {
  const parsed = reusing((models: string) => models, parseJson)
  return untilWritten(["kiro_model_list"], (database) => {
    const lists = database.all("SELECT * FROM kiro_model_list").map(modelListOf)
    const models = parsed(lists.map((list) => list.models))
    return lists.map((list, index) => ({ ...list, models: models[index] }))
  })
}

const modelListOf = rowReader({
  accountId: or(text, ""),
  serviceRegion: or(text, ""),
  models: or(text, ""),
  fetchedAt: or(number, 0),
})

const refusedFieldOf = rowReader({
  modelId: or(text, ""),
  field: or(text, ""),
  at: or(number, 0),
})

/** A field of a model's request, or an input such as `documents`, that the service refused for this model. */
export type RefusedField = ReturnType<typeof refusedFieldOf>

export function refusedFieldReader(): (database: Database) => readonly RefusedField[] {
  return untilWritten(["kiro_refused_field"], (database) =>
    database.all("SELECT * FROM kiro_refused_field").map(refusedFieldOf),
  )
}

const registrationOf = rowReader({
  loginRegion: text,
  startUrl: text,
  clientId: text,
  clientSecret: secret,
  expiresAt: number,
})

export interface StoredRegistration {
  readonly loginRegion: string
  /** Absent for AWS Builder ID. */
  readonly startUrl?: string
  readonly client: ClientRegistration
}

export function readRegistrations(database: Database): readonly StoredRegistration[] {
  return database
    .all("SELECT * FROM kiro_registration")
    .map(registrationOf)
    .flatMap(({ loginRegion, clientId, clientSecret, expiresAt, startUrl }) => {
      if (loginRegion === undefined || clientId === undefined || clientSecret === undefined) return []
      const client = { clientId, clientSecret, ...present({ expiresAt }) }
      return [{ loginRegion, client, ...present({ startUrl }) }]
    })
}

/** A registration's key can't be NULL; Builder ID has no start URL. */
const BUILDER_ID = ""

export function writeRegistration(database: Database, registration: StoredRegistration): void {
  const { client, loginRegion, startUrl = BUILDER_ID } = registration
  writeRow(database, "kiro_registration", { ...client, loginRegion, startUrl })
}
