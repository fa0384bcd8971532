import { numberField, parseJson, stringField } from "../../json.ts"
import { Secret } from "../../secret.ts"
import type { Database, SqlValue } from "./database.ts"
import { present, upsert } from "./row.ts"
import type { RefusedField, StoredModelList, StoredRegistration, Turn } from "./store.ts"

/** A registration's key can't be NULL; Builder ID has no start URL. */
const BUILDER_ID = ""

export function insertTurn(database: Database, turn: Turn): void {
  database.run(
    "INSERT INTO kiro_turn (session_id, account_id, model_id, credits, at) VALUES (?, ?, ?, ?, ?)",
    [turn.sessionId, turn.accountId, turn.modelId ?? null, turn.credits, turn.at],
  )
  database.run("UPDATE kiro_session SET updated_at = ? WHERE session_id = ?", [turn.at, turn.sessionId])
}

export function readTurns(
  database: Database,
  filter: { readonly sessionId?: string; readonly since?: number },
): readonly Turn[] {
  const parameters: SqlValue[] = [filter.since ?? 0]
  if (filter.sessionId !== undefined) parameters.push(filter.sessionId)
  const ofSession = filter.sessionId === undefined ? "" : "AND session_id = ?"
  return database
    .all(`SELECT * FROM kiro_turn WHERE at >= ? ${ofSession} ORDER BY at DESC, id DESC`, parameters)
    .map((row) => ({
      sessionId: stringField(row, "session_id") ?? "",
      accountId: stringField(row, "account_id") ?? "",
      credits: numberField(row, "credits") ?? 0,
      at: numberField(row, "at") ?? 0,
      ...present({ modelId: stringField(row, "model_id") }),
    }))
}

/** Credits of the account's turns after an instant. */
export function creditsSince(database: Database, accountId: string, since: number): number {
  const row = database.get(
    "SELECT TOTAL(credits) AS credits FROM kiro_turn WHERE account_id = ? AND at > ?",
    [accountId, since],
  )
  return (row && numberField(row, "credits")) ?? 0
}

export function readModelLists(database: Database): readonly StoredModelList[] {
  return database.all("SELECT * FROM kiro_model_list").map((row) => ({
    accountId: stringField(row, "account_id") ?? "",
    serviceRegion: stringField(row, "service_region") ?? "",
    models: parseJson(stringField(row, "models") ?? ""),
    fetchedAt: numberField(row, "fetched_at") ?? 0,
  }))
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
