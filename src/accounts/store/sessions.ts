import { isDeepStrictEqual } from "node:util"
import type { AccountModelList } from "../../kiro/index.ts"
import { numberField, parseJson, present, stringField } from "../../json.ts"
import { Secret } from "../../secret.ts"
import type { Writer } from "./connection.ts"
import { type Database, type Row, type SqlValue, untilWritten, upsert } from "./database.ts"
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

type SessionPart = Pick<AccountStore, "session" | "updateSession" | "reasoningOf">

/** Whether both say the same; when it was written down does not count. */
function sameMemory(left: SessionMemory, right: SessionMemory): boolean {
  return isDeepStrictEqual({ ...left, updatedAt: 0 }, { ...right, updatedAt: 0 })
}

export function sessionPart(writer: Writer): SessionPart {
  const { connection, clock } = writer
  const session = (id: string): Promise<SessionMemory> =>
    connection.read((database) => readSession(database, id), NEW_SESSION)
  return {
    session,
    updateSession: async (id, change) => {
      const seen = await session(id)
      const expected = change(seen)
      // The end of an answer waits for this, so what is remembered already takes no lock.
      if (sameMemory(expected, seen)) return seen
      return writer.writeOr(expected, (database) => changeSession(database, { id, change, now: clock.now() }))
    },
    reasoningOf: (sessionId) => connection.read((database) => readReasoning(database, sessionId), []),
  }
}

/** What an answer left behind of its session, and its turn. */
export function writeLearnt(
  database: Database,
  { sessionId, session, reasoning = [], turn }: Learnt,
  now: number,
): void {
  writeReasoning(database, { sessionId, entries: reasoning, now })
  if (session !== undefined) changeSession(database, { id: sessionId, change: session, now })
  if (turn !== undefined) insertTurn(database, turn)
}

function changeSession(
  database: Database,
  wanted: {
    readonly id: string
    readonly change: (current: SessionMemory) => SessionMemory
    readonly now: number
  },
): SessionMemory {
  const { id, change, now } = wanted
  const next = { ...change(readSession(database, id)), updatedAt: now }
  writeSession(database, id, next)
  return next
}

type KnowledgePart = Pick<
  AccountStore,
  | "addTurn"
  | "turns"
  | "creditsOfDay"
  | "isBudgetLifted"
  | "liftBudget"
  | "modelLists"
  | "setModelList"
  | "refusedFields"
  | "addRefusedField"
  | "registrations"
  | "saveRegistration"
>

export function knowledgePart(writer: Writer): KnowledgePart {
  const { connection } = writer
  const readModelLists = createModelListReader()
  const readRefusals = untilWritten(["kiro_refused_field"], readRefusedFields)
  return {
    addTurn: (turn) => writer.writeOr(undefined, (database) => insertTurn(database, turn)),
    turns: (filter = {}) => connection.read((database) => readTurns(database, filter), []),
    creditsOfDay: (day) => connection.read((database) => creditsOfDay(database, day), 0),
    isBudgetLifted: (day) => connection.read((database) => isBudgetLifted(database, day), false),
    liftBudget: (day) => writer.write((database) => writeBudgetLift(database, day)),
    modelLists: () => connection.read(readModelLists, []),
    setModelList: (list) => writer.writeOr(undefined, (database) => writeModelList(database, list)),
    refusedFields: () => connection.read(readRefusals, []),
    addRefusedField: (field) => writer.writeOr(undefined, (database) => writeRefusedField(database, field)),
    registrations: () => connection.read(readRegistrations, []),
    saveRegistration: (registration) =>
      writer.write((database) => writeRegistration(database, registration), { durable: true }),
  }
}

const NEW_SESSION: SessionMemory = { generation: 0, overflowAnswered: false, updatedAt: 0 }

const STEPS = [0.8, 0.6, 0.4] as const
const FULL_WINDOW = ["reported", "compacted"] as const

export function readSession(database: Database, id: string): SessionMemory {
  const row = database.get("SELECT * FROM kiro_session WHERE session_id = ?", [id])
  if (row === undefined) return NEW_SESSION
  return {
    generation: numberField(row, "generation") ?? 0,
    overflowAnswered: row["overflow_answered"] === 1,
    updatedAt: numberField(row, "updated_at") ?? 0,
    ...present({
      accountId: stringField(row, "account_id"),
      chosenAccountId: stringField(row, "chosen_account_id"),
      shortenStep: STEPS.find((step) => step === row["shorten_step"]),
      shortenedSize: numberField(row, "shortened_size"),
      shortenedWindow: numberField(row, "shortened_window"),
      fullWindow: FULL_WINDOW.find((state) => state === row["full_window"]),
      leftOut: readNames(row["left_out"]),
      tokenRatio: numberField(row, "token_ratio"),
      justCompacted: row["just_compacted"] === 1 ? true : undefined,
    }),
  }
}

function readNames(text: unknown): readonly string[] | undefined {
  const names = typeof text === "string" ? parseJson(text) : undefined
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : undefined
}

function writeSession(database: Database, id: string, memory: SessionMemory): void {
  upsert(database, {
    table: "kiro_session",
    key: { session_id: id },
    columns: {
      account_id: memory.accountId,
      chosen_account_id: memory.chosenAccountId,
      shorten_step: memory.shortenStep,
      shortened_size: memory.shortenedSize,
      shortened_window: memory.shortenedWindow,
      generation: memory.generation,
      full_window: memory.fullWindow,
      left_out: memory.leftOut === undefined ? undefined : JSON.stringify(memory.leftOut),
      token_ratio: memory.tokenRatio,
      just_compacted: memory.justCompacted === true ? 1 : 0,
      overflow_answered: memory.overflowAnswered ? 1 : 0,
      updated_at: memory.updatedAt,
    },
  })
}

function writeReasoning(
  database: Database,
  reasoning: {
    readonly sessionId: string
    readonly entries: readonly ReasoningEntry[]
    readonly now: number
  },
): void {
  for (const { toolUseIds, textHash, signature, redacted } of reasoning.entries)
    for (const toolUseId of toolUseIds)
      upsert(database, {
        table: "kiro_reasoning",
        key: { session_id: reasoning.sessionId, tool_use_id: toolUseId, text_hash: textHash },
        columns: { signature, redacted, at: reasoning.now },
      })
}

function readReasoning(database: Database, sessionId: string): readonly ReasoningEntry[] {
  return database
    .all("SELECT * FROM kiro_reasoning WHERE session_id = ? ORDER BY at, rowid", [sessionId])
    .flatMap((row: Row): ReasoningEntry[] => {
      const toolUseId = stringField(row, "tool_use_id")
      if (toolUseId === undefined) return []
      const fields = { signature: stringField(row, "signature"), redacted: stringField(row, "redacted") }
      return [{ toolUseIds: [toolUseId], textHash: stringField(row, "text_hash") ?? "", ...present(fields) }]
    })
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
  const columns: Readonly<Record<string, SqlValue | undefined>> = {
    session_id: turn.sessionId,
    account_id: turn.accountId,
    model_id: turn.modelId,
    credits: turn.credits,
    at: turn.at,
    day: localDay(turn.at),
    parent_session_id: turn.parentSessionId,
    project: turn.project,
    purpose: turn.purpose,
    attempt: turn.attempt,
    failed: turn.failed === true ? 1 : 0,
    input_tokens: turn.inputTokens,
    cache_read_tokens: turn.cacheReadTokens,
    cache_write_tokens: turn.cacheWriteTokens,
  }
  const names = Object.keys(columns)
  database.run(
    `INSERT INTO kiro_turn (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    Object.values(columns).map((value) => value ?? null),
  )
  // It says when the session may be pruned, in a month.
  database.run("UPDATE kiro_session SET updated_at = ? WHERE session_id = ? AND updated_at < ?", [
    turn.at,
    turn.sessionId,
    turn.at - HOUR_MS,
  ])
}

function readTurns(database: Database, filter: TurnFilter): readonly StoredTurn[] {
  const parameters: SqlValue[] = [filter.since ?? 0]
  if (filter.sessionId !== undefined) parameters.push(filter.sessionId)
  const ofSession = filter.sessionId === undefined ? "" : "AND session_id = ?"
  return database
    .all(`SELECT * FROM kiro_turn WHERE at >= ? ${ofSession} ORDER BY at DESC, id DESC`, parameters)
    .map((row) => {
      const at = numberField(row, "at") ?? 0
      return {
        sessionId: stringField(row, "session_id") ?? "",
        accountId: stringField(row, "account_id") ?? "",
        credits: numberField(row, "credits") ?? 0,
        at,
        day: stringField(row, "day") ?? localDay(at),
        ...present({
          modelId: stringField(row, "model_id"),
          parentSessionId: stringField(row, "parent_session_id"),
          project: stringField(row, "project"),
          purpose: stringField(row, "purpose"),
          attempt: numberField(row, "attempt"),
          failed: row["failed"] === 1 ? true : undefined,
          inputTokens: numberField(row, "input_tokens"),
          cacheReadTokens: numberField(row, "cache_read_tokens"),
          cacheWriteTokens: numberField(row, "cache_write_tokens"),
        }),
      }
    })
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

function writeBudgetLift(database: Database, day: string): void {
  upsert(database, { table: "kiro_note", key: { name: BUDGET_LIFT }, columns: { value: day } })
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
  let known = new Map<string, unknown>()
  return untilWritten(["kiro_model_list"], (database) => {
    const next = new Map<string, unknown>()
    const lists = database.all("SELECT * FROM kiro_model_list").map((row) => {
      const text = stringField(row, "models") ?? ""
      const models = known.has(text) ? known.get(text) : parseJson(text)
      next.set(text, models)
      return {
        accountId: stringField(row, "account_id") ?? "",
        serviceRegion: stringField(row, "service_region") ?? "",
        models,
        fetchedAt: numberField(row, "fetched_at") ?? 0,
      }
    })
    known = next
    return lists
  })
}

function writeModelList(database: Database, list: AccountModelList): void {
  upsert(database, {
    table: "kiro_model_list",
    key: { account_id: list.accountId, service_region: list.serviceRegion },
    columns: { models: JSON.stringify(list.models), fetched_at: list.fetchedAt },
  })
}

function readRefusedFields(database: Database): readonly RefusedField[] {
  return database.all("SELECT * FROM kiro_refused_field").map((row) => ({
    modelId: stringField(row, "model_id") ?? "",
    field: stringField(row, "field") ?? "",
    at: numberField(row, "at") ?? 0,
  }))
}

function writeRefusedField(database: Database, { modelId, field, at }: RefusedField): void {
  upsert(database, { table: "kiro_refused_field", key: { model_id: modelId, field }, columns: { at } })
}

function readRegistrations(database: Database): readonly StoredRegistration[] {
  return database.all("SELECT * FROM kiro_registration").flatMap((row): StoredRegistration[] => {
    const loginRegion = stringField(row, "login_region")
    const clientId = stringField(row, "client_id")
    const clientSecret = stringField(row, "client_secret")
    if (loginRegion === undefined || clientId === undefined || clientSecret === undefined) return []
    const expiresAt = numberField(row, "expires_at")
    const client = { clientId, clientSecret: new Secret(clientSecret), ...present({ expiresAt }) }
    return [{ loginRegion, client, ...present({ startUrl: stringField(row, "start_url") }) }]
  })
}

function writeRegistration(database: Database, { loginRegion, startUrl, client }: StoredRegistration): void {
  upsert(database, {
    table: "kiro_registration",
    key: { login_region: loginRegion, start_url: startUrl ?? BUILDER_ID },
    columns: {
      client_id: client.clientId,
      client_secret: client.clientSecret.reveal(),
      expires_at: client.expiresAt,
    },
  })
}
