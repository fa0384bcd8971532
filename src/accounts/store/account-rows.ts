import { type JsonObject, numberField, plausibleInstant, present } from "../../json.ts"
import type { Secret } from "../../secret.ts"
import {
  type Account,
  type Login,
  LOGIN_SOURCES,
  type LoginBase,
  type LoginRecord,
  type TokenSet,
} from "../account.ts"
import type { AccountChanges } from "../draft.ts"
import { boundedHealth } from "../health.ts"
import { withUses } from "../login-use.ts"
import { loginHash, pairHash, recordOf, withHash } from "../login.ts"
import { type Database, reusing, type Row, untilWritten } from "./database.ts"
import {
  forgottenEntry,
  patchDocument,
  readAccountRecord,
  readForgotten,
  readHealth,
  readHosts,
  readLoginRecord,
  readQuota,
} from "./documents.ts"
import { json, number, oneOf, or, rowReader, secret, text, writeRow } from "./schema.ts"

/** What reading needs beside the rows. */
interface Reading {
  /** `KIRO_API_KEY`, which is in no row: a login of the environment is there only while its key is. */
  readonly environmentKey?: Secret | undefined
}

/**
 * All accounts, removed ones too, the oldest first. They are read several times for every chat, and change rarely: rows
 * that say the same as before give the same account. Only the place in the order of assignments changes often.
 */
export function accountReader(reading: Reading): (database: Database, now: number) => readonly Account[] {
  const read = reusing(
    (rows: readonly Row[]) => rows.map((row) => Object.values(row).join("\0")).join("\0\0"),
    ([row = {}, ...logins]) => readAccountRow(row, logins, reading),
  )
  const accounts = untilWritten(["kiro_account", "kiro_login"], (database) => {
    const logins = Map.groupBy(
      database.all("SELECT * FROM kiro_login ORDER BY rowid"),
      (row) => row["account_id"],
    )
    const rows = database.all("SELECT * FROM kiro_account ORDER BY added_at, rowid")
    const known = read(rows.map((row) => [{ ...row, assignment: 0 }, ...(logins.get(row["id"]) ?? [])]))
    return withUses(
      rows.flatMap((row, index) => {
        const assignment = numberField(row, "assignment") ?? 0
        return (known[index] ?? []).map((account) =>
          account.assignment === assignment ? account : { ...account, assignment },
        )
      }),
    )
  })
  return (database, now) => accounts(database).map((account) => withBounds(account, now))
}

function withBounds(account: Account, now: number): Account {
  const health = boundedHealth(account.health, now)
  return health === account.health ? account : { ...account, health }
}

const accountMembers = rowReader({
  id: text,
  userId: text,
  label: text,
  email: text,
  profileArn: text,
  enabled: (cell) => cell !== 0,
  removedAt: number,
  addedAt: or(number, 0),
  lastUsedAt: number,
  assignment: or(number, 0),
  health: or(json(readHealth), { state: "ok" }),
  quota: json(readQuota),
  hosts: or(json(readHosts), {}),
  forgotten: json(readForgotten),
  document: json(readAccountRecord),
})

/** One row, or none where it has no id; `loginRows` are whole. */
function readAccountRow(row: Row, loginRows: readonly Row[], reading: Reading): Account[] {
  const { id, document: record, ...rest } = accountMembers(row)
  if (id === undefined) return []
  const logins = loginRows.flatMap((loginRow) => readLogin(loginRow, reading) ?? [])
  const isRead = ({ id: loginId }: Row): boolean => logins.some((login) => login.id === loginId)
  const keyElsewhere = loginRows.some((each) => each["source"] === "environment" && !isRead(each))
  return [{ id, ...rest, logins, ...present({ record }), ...(keyElsewhere && { keyElsewhere }) }]
}

/** Neither removed, nor nothing but a key that this process does not have. */
export function isThere({ removedAt, logins, keyElsewhere }: Account): boolean {
  return removedAt === undefined && (logins.length > 0 || keyElsewhere !== true)
}

const instant = (cell: unknown): number | undefined => plausibleInstant(number(cell))

const loginMembers = rowReader({
  id: text,
  kind: oneOf(["idc", "social", "external-idp", "api-key"] as const),
  source: oneOf(LOGIN_SOURCES),
  sourceKey: text,
  profileArn: text,
  revokedAt: number,
  revokedReason: or(text, ""),
  accessToken: secret,
  refreshToken: secret,
  expiresAt: or(instant, 0),
  behindAccessToken: secret,
  behindRefreshToken: secret,
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
})

type LoginMembers = ReturnType<typeof loginMembers>

/** `undefined` for a row that this version can't use: a damaged one, or a kind that a newer version added. */
function readLogin(row: Row, { environmentKey }: Reading): Login | undefined {
  const members = loginMembers(row)
  const { id, source, profileArn, revokedAt: at, revokedReason: reason, document, apiKey } = members
  if (id === undefined || source === undefined) return undefined
  const revoked = at === undefined ? undefined : { at, reason }
  const base = { id, source, ...present({ profileArn, revoked }) }
  const login = loginOfKind(members, base, apiKey ?? environmentKey)
  if (login === undefined) return undefined
  const hash = loginHash(login)
  if (login.kind === "api-key") {
    // Another key than the one that the row stands for.
    if (apiKey === undefined && document?.hashes.at(-1) !== hash) return undefined
    return { ...login, record: document ?? { ...recordIn(members), hashes: [hash] } }
  }
  const record = recordIn(members)
  return record.hashes.includes(hash) ? { ...login, record } : { ...login, record, barred: "strange" }
}

function loginOfKind(members: LoginMembers, base: LoginBase, key: Secret | undefined): Login | undefined {
  const { kind, clientId, clientSecret, clientExpiresAt: expiresAt, tokenEndpoint } = members
  const { startUrl, loginRegion, provider, scopes } = members
  if (kind === "api-key") return key && { ...base, kind, key }
  const tokens = tokensIn(members)
  if (tokens === undefined) return undefined
  switch (kind) {
    case "idc": {
      if (loginRegion === undefined || clientId === undefined || clientSecret === undefined) return undefined
      const client = { clientId, clientSecret, ...present({ expiresAt }) }
      return { ...base, kind, tokens, client, loginRegion, ...present({ startUrl }) }
    }
    case "social":
      return { ...base, kind, tokens, ...present({ provider }) }
    case "external-idp":
      if (clientId === undefined || tokenEndpoint === undefined) return undefined
      return { ...base, kind, tokens, clientId, tokenEndpoint, ...present({ scopes }) }
    case undefined:
      return undefined
    default:
      return kind satisfies never
  }
}

function tokensIn({ accessToken, refreshToken, expiresAt }: LoginMembers): TokenSet | undefined {
  return accessToken && { accessToken, expiresAt, ...present({ refreshToken }) }
}

/** The row's document, or what a row says that no version with documents has written yet. */
function recordIn(members: LoginMembers): LoginRecord {
  const { document, source, sourceKey: key, behindAccessToken, behindRefreshToken } = members
  if (document !== undefined) return document
  const [tokens, behind] = [
    tokensIn(members),
    behindAccessToken && { accessToken: behindAccessToken, ...present({ refreshToken: behindRefreshToken }) },
  ]
  const hashes = [
    ...new Set([behind, tokens].flatMap((pair) => (pair === undefined ? [] : [pairHash(pair)]))),
  ]
  if (source === undefined || source === "own" || key === undefined)
    return { places: [], hashes, inherited: [] }
  const place = { source, key, owed: behind !== undefined, ...present({ shown: hashes[0] }) }
  return { places: [place], hashes, inherited: [] }
}

/** Writes what differs from `before`, which is what the row holds now. */
export function writeAccount(database: Database, account: Account, before: Account | undefined): void {
  if (account === before) return
  writeRow(database, "kiro_account", columnsOf(account), before && columnsOf(before))
  if (account.record !== before?.record && account.record !== undefined)
    patchDocument(database, "kiro_account", account.id, account.record)
  const held = new Map(before?.logins.map((login) => [login.id, login]))
  for (const login of account.logins) writeLogin(database, account.id, login, held.get(login.id))
}

function columnsOf(account: Account): JsonObject {
  return { ...account, forgotten: account.forgotten?.map(forgottenEntry) }
}

/** The rows of logins that the account had before and has no more; one that moved has its new owner by now. */
function deleteLeftLogins(database: Database, account: Account, before: Account | undefined): void {
  const kept = new Set(account.logins.map((login) => login.id))
  for (const login of before?.logins ?? [])
    if (!kept.has(login.id))
      database.run("DELETE FROM kiro_login WHERE id = ? AND account_id = ?", [login.id, account.id])
}

function deleteAccount(database: Database, id: string): void {
  for (const table of ["kiro_login", "kiro_model_list"])
    database.run(`DELETE FROM ${table} WHERE account_id = ?`, [id])
  database.run("DELETE FROM kiro_account WHERE id = ?", [id])
}

function writeLogin(database: Database, accountId: string, login: Login, before: Login | undefined): void {
  if (login === before) return
  writeRow(database, "kiro_login", membersOf(login, accountId), before && membersOf(before, accountId))
  const record = namedRecord(login)
  if (record !== before?.record) patchDocument(database, "kiro_login", login.id, record)
}

/** A row whose document does not name its pair was written by a version that knows of no owners. */
function namedRecord(login: Login): LoginRecord {
  const record = recordOf(login)
  const hash = loginHash(login)
  return login.barred === "strange" || record.hashes.at(-1) === hash
    ? record
    : { ...record, hashes: withHash(record.hashes, hash) }
}

/** What a login is made of, each member by the name of its column. The key of the environment is never kept. */
function membersOf(login: Login, accountId: string): JsonObject {
  const { record, revoked } = login
  return {
    ...login,
    ...(login.kind === "api-key"
      ? { apiKey: login.source === "environment" ? undefined : login.key }
      : login.tokens),
    ...(login.kind === "idc" && {
      ...login.client,
      clientExpiresAt: login.client.expiresAt,
      expiresAt: login.tokens.expiresAt,
    }),
    accountId,
    sourceKey: record?.places[0]?.key,
    revokedAt: revoked?.at,
    revokedReason: revoked?.reason,
  }
}

/** `accounts` are what the rows hold now. */
export function applyChanges(
  database: Database,
  accounts: readonly Account[],
  changes: AccountChanges,
): AccountChanges {
  const before = (id: string): Account | undefined => accounts.find((account) => account.id === id)
  // A login moves from one account to another by its new owner's write, so rows go after all writes.
  for (const account of changes.put) writeAccount(database, account, before(account.id))
  for (const account of changes.put) deleteLeftLogins(database, account, before(account.id))
  for (const { from, into } of changes.absorb) {
    deleteAccount(database, from)
    for (const [table, column] of SESSION_COLUMNS)
      database.run(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`, [into, from])
  }
  for (const id of changes.drop ?? []) deleteAccount(database, id)
  return changes
}

const SESSION_COLUMNS = [
  ["kiro_session", "account_id"],
  ["kiro_session", "chosen_account_id"],
  ["kiro_turn", "account_id"],
] as const

export interface TokenSwap {
  readonly loginId: string
  readonly before: TokenSet
  readonly after: TokenSet
  /** The hashes of pairs between the two, which the row never held. */
  readonly through?: readonly string[]
}

/**
 * Whether the row still held `before` and now holds `after`, which every place of the login then lacks; its login, and
 * its account with it, is no longer logged out.
 */
export function swapTokens(database: Database, swap: TokenSwap): boolean {
  const { loginId, before, after, through = [] } = swap
  const row = database.get(
    "SELECT * FROM kiro_login WHERE id = ? AND access_token = ? AND refresh_token IS ?",
    [loginId, before.accessToken.reveal(), before.refreshToken?.reveal() ?? null],
  )
  const members = row && loginMembers(row)
  if (members === undefined) return false
  database.run(
    `UPDATE kiro_login SET access_token = ?, refresh_token = ?, expires_at = ?, revoked_at = NULL, revoked_reason = NULL,
       behind_access_token = NULL, behind_refresh_token = NULL, behind_expires_at = NULL WHERE id = ?`,
    [after.accessToken.reveal(), after.refreshToken?.reveal() ?? null, after.expiresAt, loginId],
  )
  const { doubted: _, once, successor, ...record } = recordIn(members)
  const hashes = [pairHash(before), ...through, pairHash(after)].reduce(withHash, record.hashes)
  const next: LoginRecord = {
    ...record,
    hashes,
    places: record.places.map((place) => ({ ...place, owed: true })),
    // It was renewed on the user's word, so it was none of its successor's.
    ...(once === true ? {} : present({ successor })),
  }
  patchDocument(database, "kiro_login", loginId, next)
  // With a pair that the service gave, nobody needs to log in again.
  database.run(
    `UPDATE kiro_account SET health = '{"state":"ok"}'
     WHERE id = (SELECT account_id FROM kiro_login WHERE id = ?) AND CASE WHEN json_valid(health)
       THEN json_extract(health, '$.state') = 'revoked' AND json_extract(health, '$.reason') = 'login-expired' END`,
    [loginId],
  )
  return true
}

/** Names the pair of a row; `undefined` where there is no such row. */
export function hashInRow(database: Database, loginId: string): string | undefined {
  const row = database.get("SELECT * FROM kiro_login WHERE id = ?", [loginId])
  const members = row && loginMembers(row)
  const tokens = members && tokensIn(members)
  return tokens && pairHash(tokens)
}
