import { numberField, parseJson, stringField } from "../../json.ts"
import { Secret } from "../../secret.ts"
import type { Database, SqlValue } from "./database.ts"
import { present, upsert } from "./row.ts"
import type { RefusedField, StoredModelList, StoredRegistration, StoredTurn, Turn } from "./store.ts"

/** A registration's key can't be NULL; Builder ID has no start URL. */
const BUILDER_ID = ""

/** The local day of an instant: `2026-11-29`. */
export function localDay(at: number): string {
  const date = new Date(at)
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0"))
  return `${date.getFullYear()}-${month}-${day}`
}

export function insertTurn(database: Database, turn: Turn): void {
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
  }
  const names = Object.keys(columns)
  database.run(
    `INSERT INTO kiro_turn (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
    Object.values(columns).map((value) => value ?? null),
  )
  database.run("UPDATE kiro_session SET updated_at = ? WHERE session_id = ?", [turn.at, turn.sessionId])
}

export function readTurns(
  database: Database,
  filter: { readonly sessionId?: string; readonly since?: number },
): readonly StoredTurn[] {
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
        }),
      }
    })
}

export function creditsOfDay(database: Database, day: string): number {
  const row = database.get("SELECT TOTAL(credits) AS credits FROM kiro_turn WHERE day = ?", [day])
  return (row && numberField(row, "credits")) ?? 0
}

const BUDGET_LIFT = "budget-lift"

export function isBudgetLifted(database: Database, day: string): boolean {
  return database.get("SELECT value FROM kiro_note WHERE name = ?", [BUDGET_LIFT])?.["value"] === day
}

export function writeBudgetLift(database: Database, day: string): void {
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
export function createModelListReader(): (database: Database) => readonly StoredModelList[] {
  let known = new Map<string, unknown>()
  return (database) => {
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
  }
}

export function writeModelList(database: Database, list: StoredModelList): void {
  upsert(database, {
    table: "kiro_model_list",
    key: { account_id: list.accountId, service_region: list.serviceRegion },
    columns: { models: JSON.stringify(list.models), fetched_at: list.fetchedAt },
  })
}

export function readRefusedFields(database: Database): readonly RefusedField[] {
  return database.all("SELECT * FROM kiro_refused_field").map((row) => ({
    modelId: stringField(row, "model_id") ?? "",
    field: stringField(row, "field") ?? "",
    at: numberField(row, "at") ?? 0,
  }))
}

export function writeRefusedField(database: Database, { modelId, field, at }: RefusedField): void {
  upsert(database, { table: "kiro_refused_field", key: { model_id: modelId, field }, columns: { at } })
}

export function readRegistrations(database: Database): readonly StoredRegistration[] {
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

export function writeRegistration(
  database: Database,
  { loginRegion, startUrl, client }: StoredRegistration,
): void {
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
