import { isDeepStrictEqual } from "node:util"
import type { AccountModelList } from "../../kiro/index.ts"
import { numberField, parseJson, present } from "../../json.ts"
import type { Connection } from "./connection.ts"
import { type Database, reusing, untilWritten } from "./database.ts"
import { flag, json, number, oneOf, or, rowReader, secret, text, writeRow } from "./schema.ts"
import type {
  AccountStore,
  Learnt,
  ReasoningEntry,
  RefusedField,
  SessionMemory,
  StoredRegistration,
  StoredTurn,
  Turn,
  TurnFilter,
} from "./store.ts"

/** Whether both say the same; when it was written down does not count. */
function sameMemory(left: SessionMemory, right: SessionMemory): boolean {
  return isDeepStrictEqual({ ...left, updatedAt: 0 }, { ...right, updatedAt: 0 })
}

export function sessionPart(connection: Connection) {
  const { clock } = connection
  const session = (id: string): Promise<SessionMemory> =>
    connection.read((database) => readSession(database, id), NEW_SESSION)
  return {
    session,
    updateSession: async (id, change) => {
      const seen = await session(id)
      const expected = change(seen)
      // The end of an answer waits for this, so what is remembered already takes no lock.
      if (sameMemory(expected, seen)) return seen
      return connection.writeOr(expected, (database) =>
        changeSession(database, { id, change, now: clock.now() }),
      )
    },
    reasoningOf: (sessionId) => connection.read((database) => readReasoning(database, sessionId), []),
  } satisfies Partial<AccountStore>
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

export function knowledgePart(connection: Connection) {
  const readModelLists = createModelListReader()
  const readRefusals = untilWritten(["kiro_refused_field"], readRefusedFields)
  return {
    addTurn: (turn) => connection.writeOr(undefined, (database) => insertTurn(database, turn)),
    turns: (filter = {}) => connection.read((database) => readTurns(database, filter), []),
    creditsOfDay: (day) => connection.read((database) => creditsOfDay(database, day), 0),
    isBudgetLifted: (day) => connection.read((database) => isBudgetLifted(database, day), false),
    liftBudget: (day) =>
      connection.write((database) => writeRow(database, "kiro_note", { name: BUDGET_LIFT, value: day })),
    modelLists: () => connection.read(readModelLists, []),
    setModelList: (list) =>
      connection.writeOr(undefined, (database) => writeRow(database, "kiro_model_list", { ...list })),
    refusedFields: () => connection.read(readRefusals, []),
    addRefusedField: (field) =>
      connection.writeOr(undefined, (database) => writeRow(database, "kiro_refused_field", { ...field })),
    registrations: () => connection.read(readRegistrations, []),
    saveRegistration: ({ client, loginRegion, startUrl = BUILDER_ID }) =>
      connection.write(
        (database) => writeRow(database, "kiro_registration", { ...client, loginRegion, startUrl }),
        { durable: true },
      ),
  } satisfies Partial<AccountStore>
}

const NEW_SESSION: SessionMemory = { generation: 0, overflowAnswered: false, updatedAt: 0 }

const sessionOf = rowReader({
  accountId: text,
  chosenAccountId: text,
  shortenStep: oneOf([0.8, 0.6, 0.4] as const),
  shortenedSize: number,
  shortenedWindow: number,
  generation: or(number, 0),
  overflowAnswered: or<boolean>(flag, false),
  fullWindow: oneOf(["reported", "compacted"] as const),
  leftOut: json(names),
  tokenRatio: number,
  justCompacted: flag,
  updatedAt: or(number, 0),
})

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

function readReasoning(database: Database, sessionId: string): readonly ReasoningEntry[] {
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

/** A registration's key can't be NULL; Builder ID has no start URL. */
const BUILDER_ID = ""

/** The local day of an instant: `2026-11-29`. */
export function localDay(at: number): string {
  const date = new Date(at)
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0"))
  return `${date.getFullYear()}-${month}-${day}`
}

function insertTurn(database: Database, turn: Turn): void {
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
  parentSessionId: text,
  project: text,
  purpose: text,
  attempt: number,
  failed: flag,
  inputTokens: number,
  cacheReadTokens: number,
  cacheWriteTokens: number,
})

function readTurns(database: Database, { sessionId, since = 0 }: TurnFilter): readonly StoredTurn[] {
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

export function isBudgetLifted(database: Database, day: string): boolean {
  return database.get("SELECT value FROM kiro_note WHERE name = ?", [BUDGET_LIFT])?.["value"] === day
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
function createModelListReader(): (database: Database) => readonly AccountModelList[] {
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

function readRefusedFields(database: Database): readonly RefusedField[] {
  return database.all("SELECT * FROM kiro_refused_field").map(refusedFieldOf)
}

const registrationOf = rowReader({
  loginRegion: text,
  startUrl: text,
  clientId: text,
  clientSecret: secret,
  expiresAt: number,
})

function readRegistrations(database: Database): readonly StoredRegistration[] {
  return database
    .all("SELECT * FROM kiro_registration")
    .map(registrationOf)
    .flatMap(({ loginRegion, clientId, clientSecret, expiresAt, startUrl }) => {
      if (loginRegion === undefined || clientId === undefined || clientSecret === undefined) return []
      const client = { clientId, clientSecret, ...present({ expiresAt }) }
      return [{ loginRegion, client, ...present({ startUrl }) }]
    })
}
