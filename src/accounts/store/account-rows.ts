import { isObject, type JsonObject, numberField, parseJson, stringField } from "../../json.ts"
import { LOGIN_SOURCES, type Account, type ForgottenLogin, type Login } from "../account.ts"
import type { Database, Row, SqlValue } from "./database.ts"
import { readHealth } from "./health-column.ts"
import { readLogin, writeLogin } from "./login-rows.ts"
import { readQuota } from "./quota-column.ts"
import { present, upsert } from "./row.ts"

/** All accounts, removed ones too, the oldest first. */
export function readAccounts(database: Database): readonly Account[] {
  const logins = Map.groupBy(
    database.all("SELECT * FROM kiro_login ORDER BY rowid"),
    (row) => row["account_id"],
  )
  return database
    .all("SELECT * FROM kiro_account ORDER BY added_at, rowid")
    .flatMap((row) => readAccountRow(row, logins.get(row["id"]) ?? []))
}

export function readOneAccount(database: Database, id: string): Account | undefined {
  const row = database.get("SELECT * FROM kiro_account WHERE id = ?", [id])
  if (row === undefined) return undefined
  return readAccountRow(
    row,
    database.all("SELECT * FROM kiro_login WHERE account_id = ? ORDER BY rowid", [id]),
  )[0]
}

/** Writes what differs from `before`, which is what the row holds now. */
export function writeAccount(database: Database, account: Account, before: Account | undefined): void {
  if (account === before) return
  upsert(database, { table: "kiro_account", key: { id: account.id }, columns: accountColumns(account) })
  const kept = new Set(account.logins.map((login) => login.id))
  for (const login of before?.logins ?? [])
    if (!kept.has(login.id))
      database.run("DELETE FROM kiro_login WHERE id = ? AND account_id = ?", [login.id, account.id])
  const unchanged = new Set<Login>(before?.logins)
  for (const login of account.logins) if (!unchanged.has(login)) writeLogin(database, account.id, login)
}

export function deleteAccount(database: Database, id: string): void {
  for (const table of ["kiro_login", "kiro_model_list"])
    database.run(`DELETE FROM ${table} WHERE account_id = ?`, [id])
  database.run("DELETE FROM kiro_account WHERE id = ?", [id])
}

function accountColumns(account: Account): Readonly<Record<string, SqlValue | undefined>> {
  return {
    user_id: account.userId,
    label: account.label,
    email: account.email,
    profile_arn: account.profileArn,
    enabled: account.enabled ? 1 : 0,
    removed_at: account.removedAt,
    added_at: account.addedAt,
    last_used_at: account.lastUsedAt,
    assignment: account.assignment,
    health: JSON.stringify(account.health),
    quota: account.quota && JSON.stringify(account.quota),
    hosts: JSON.stringify(account.hosts),
    forgotten: account.forgotten && JSON.stringify(account.forgotten),
  }
}

/** One row, or none where it has no id; `loginRows` are whole. */
export function readAccountRow(row: Row, loginRows: readonly Row[]): Account[] {
  const id = stringField(row, "id")
  if (id === undefined) return []
  return [
    {
      id,
      enabled: row["enabled"] !== 0,
      addedAt: numberField(row, "added_at") ?? 0,
      assignment: numberField(row, "assignment") ?? 0,
      health: readHealth(column(row, "health")),
      logins: loginRows.flatMap((loginRow) => readLogin(loginRow) ?? []),
      hosts: readHosts(column(row, "hosts")),
      ...present({
        userId: stringField(row, "user_id"),
        label: stringField(row, "label"),
        email: stringField(row, "email"),
        profileArn: stringField(row, "profile_arn"),
        removedAt: numberField(row, "removed_at"),
        lastUsedAt: numberField(row, "last_used_at"),
        quota: readQuota(column(row, "quota")),
        forgotten: readForgotten(column(row, "forgotten")),
      }),
    },
  ]
}

function column(row: Row, name: string): unknown {
  const text = row[name]
  return typeof text === "string" ? parseJson(text) : undefined
}

function readHosts(value: unknown): Account["hosts"] {
  if (!isObject(value)) return {}
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  )
  return Object.fromEntries(entries)
}

function readForgotten(value: unknown): readonly ForgottenLogin[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.filter(isObject).flatMap((each: JsonObject): ForgottenLogin[] => {
    const source = LOGIN_SOURCES.find((known) => known === each["source"])
    if (source === undefined) return []
    const fields = {
      sourceKey: stringField(each, "sourceKey"),
      clientId: stringField(each, "clientId"),
      fingerprint: stringField(each, "fingerprint"),
    }
    return [{ source, ...present(fields) }]
  })
}
