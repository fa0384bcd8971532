import { numberField, plausibleInstant, present, stringField } from "../../json.ts"
import { Secret } from "../../secret.ts"
import {
  type Account,
  type ClientRegistration,
  type Login,
  LOGIN_SOURCES,
  type LoginBase,
  type LoginKind,
  type LoginRecord,
  type TokenSet,
} from "../account.ts"
import { hashOf, loginHash, pairHash, recordOf, withHash } from "../login.ts"
import { changeRow, type Columns, type Database, differing, insertOrChange, type Row } from "./database.ts"
import {
  ACCOUNT_MEMBERS,
  column,
  LOGIN_MEMBERS,
  patchDocument,
  readAccountRecord,
  readForgotten,
  readHealth,
  readHosts,
  readLoginRecord,
  readQuota,
} from "./documents.ts"
import type { TokenSwap } from "./store.ts"

/** What reading needs beside the rows. */
export interface Reading {
  /** `KIRO_API_KEY`, which is in no row: a login of the environment is there only while its key is. */
  readonly environmentKey?: Secret | undefined
}

/** One row, or none where it has no id; `loginRows` are whole. */
export function readAccountRow(row: Row, loginRows: readonly Row[], reading: Reading): Account[] {
  const id = stringField(row, "id")
  if (id === undefined || isWithoutKey(row, loginRows, reading)) return []
  return [
    {
      id,
      enabled: row["enabled"] !== 0,
      addedAt: numberField(row, "added_at") ?? 0,
      assignment: numberField(row, "assignment") ?? 0,
      health: readHealth(column(row, "health")),
      logins: loginRows.flatMap((loginRow) => readLogin(loginRow, reading) ?? []),
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
        record: readAccountRecord(column(row, "document")),
      }),
    },
  ]
}

/** An account that is nothing but a key that is not in the environment any more. */
function isWithoutKey(row: Row, loginRows: readonly Row[], reading: Reading): boolean {
  if (row["removed_at"] !== null && row["removed_at"] !== undefined) return false
  return (
    loginRows.length > 0 &&
    loginRows.every((login) => login["source"] === "environment" && readLogin(login, reading) === undefined)
  )
}

/** Writes what differs from `before`, which is what the row holds now. */
export function writeAccount(database: Database, account: Account, before: Account | undefined): void {
  if (account === before) return
  const columns = accountColumns(account)
  if (before === undefined) insertOrChange(database, "kiro_account", account.id, columns)
  else changeRow(database, "kiro_account", account.id, differing(columns, accountColumns(before)))
  if (account.record !== before?.record && account.record !== undefined)
    patchDocument(database, "kiro_account", { id: account.id, next: account.record, known: ACCOUNT_MEMBERS })
  const held = new Map(before?.logins.map((login) => [login.id, login]))
  for (const login of account.logins) writeLogin(database, account.id, login, held.get(login.id))
}

/** The rows of logins that the account had before and has no more; one that moved has its new owner by now. */
export function deleteLeftLogins(database: Database, account: Account, before: Account | undefined): void {
  const kept = new Set(account.logins.map((login) => login.id))
  for (const login of before?.logins ?? [])
    if (!kept.has(login.id))
      database.run("DELETE FROM kiro_login WHERE id = ? AND account_id = ?", [login.id, account.id])
}

export function deleteAccount(database: Database, id: string): void {
  for (const table of ["kiro_login", "kiro_model_list"])
    database.run(`DELETE FROM ${table} WHERE account_id = ?`, [id])
  database.run("DELETE FROM kiro_account WHERE id = ?", [id])
}

function writeLogin(database: Database, accountId: string, login: Login, before: Login | undefined): void {
  if (login === before) return
  const columns = loginColumns(login, accountId)
  if (before === undefined) insertOrChange(database, "kiro_login", login.id, columns)
  else changeRow(database, "kiro_login", login.id, differing(columns, loginColumns(before, accountId)))
  const record = namedRecord(login)
  if (record !== before?.record)
    patchDocument(database, "kiro_login", { id: login.id, next: record, known: LOGIN_MEMBERS })
}

/** A row whose document does not name its pair was written by a version that knows of no owners. */
function namedRecord(login: Login): LoginRecord {
  const record = recordOf(login)
  const hash = loginHash(login)
  return login.barred === "strange" || record.hashes.at(-1) === hash
    ? record
    : { ...record, hashes: withHash(record.hashes, hash) }
}

function accountColumns(account: Account): Columns {
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

function loginColumns(login: Login, accountId: string): Columns {
  return {
    account_id: accountId,
    source: login.source,
    source_key: login.record?.places[0]?.key,
    kind: login.kind,
    profile_arn: login.profileArn,
    revoked_at: login.revoked?.at,
    revoked_reason: login.revoked?.reason,
    ...kindColumns(login),
  }
}

/** Only columns that `schema.ts` lists. */
function kindColumns(login: Login): Columns {
  switch (login.kind) {
    case "idc":
      return {
        ...tokenColumns(login.tokens),
        client_id: login.client.clientId,
        client_secret: login.client.clientSecret.reveal(),
        client_expires_at: login.client.expiresAt,
        start_url: login.startUrl,
        login_region: login.loginRegion,
      }
    case "social":
      return { ...tokenColumns(login.tokens), provider: login.provider }
    case "external-idp":
      return {
        ...tokenColumns(login.tokens),
        client_id: login.clientId,
        token_endpoint: login.tokenEndpoint,
        scopes: login.scopes,
      }
    case "api-key":
      return { api_key: login.source === "environment" ? undefined : login.key.reveal() }
    default:
      return login satisfies never
  }
}

function tokenColumns({ accessToken, refreshToken, expiresAt }: TokenSet): Columns {
  return { access_token: accessToken.reveal(), refresh_token: refreshToken?.reveal(), expires_at: expiresAt }
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
  if (row === undefined) return false
  changeRow(database, "kiro_login", loginId, {
    ...tokenColumns(after),
    revoked_at: null,
    revoked_reason: null,
    behind_access_token: null,
    behind_refresh_token: null,
    behind_expires_at: null,
  })
  const { doubted: _, unreadable: __, once, successor, ...record } = readLoginRecord(row) ?? recordOfRow(row)
  const hashes = [pairHash(before), ...through, pairHash(after)].reduce(withHash, record.hashes)
  const next: LoginRecord = {
    ...record,
    hashes,
    places: record.places.map((place) => ({ ...place, owed: true })),
    // It was renewed on the user's word, so it was none of its successor's.
    ...(once === true ? {} : present({ successor })),
  }
  patchDocument(database, "kiro_login", { id: loginId, next, known: LOGIN_MEMBERS })
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
  const row = database.get("SELECT access_token, refresh_token FROM kiro_login WHERE id = ?", [loginId])
  const tokens = row && readTokens(row, "")
  return tokens && pairHash(tokens)
}

/** `undefined` for a row that this version can't use: a damaged one, or a kind that a newer version added. */
function readLogin(row: Row, reading: Reading): Login | undefined {
  const id = stringField(row, "id")
  const kind = readLoginKind(row)
  const source = LOGIN_SOURCES.find((known) => known === row["source"])
  if (id === undefined || kind === undefined || source === undefined) return undefined
  const revokedAt = numberField(row, "revoked_at")
  const base = {
    id,
    source,
    ...present({
      profileArn: stringField(row, "profile_arn"),
      revoked:
        revokedAt === undefined
          ? undefined
          : { at: revokedAt, reason: stringField(row, "revoked_reason") ?? "" },
    }),
  }
  if (kind === "api-key") return readKey(row, base, reading)
  const tokens = readTokens(row, "")
  const login = tokens === undefined ? undefined : READERS[kind](row, { ...base, tokens })
  if (login === undefined) return undefined
  const record = readLoginRecord(row)
  if (record === undefined) return { ...login, record: recordOfRow(row) }
  return record.hashes.includes(pairHash(login.tokens))
    ? { ...login, record }
    : { ...login, record, barred: "strange" }
}

function readKey(row: Row, base: LoginBase, { environmentKey }: Reading): Login | undefined {
  const kept = stringField(row, "api_key")
  const record = readLoginRecord(row)
  const key = kept === undefined ? environmentKey : new Secret(kept)
  if (key === undefined) return undefined
  const hash = hashOf(key)
  if (kept === undefined && record?.hashes.at(-1) !== hash) return undefined
  return { ...base, kind: "api-key", key, record: record ?? { ...recordOfRow(row), hashes: [hash] } }
}

function readLoginKind({ kind }: Row): LoginKind | undefined {
  return (["idc", "social", "external-idp", "api-key"] as const).find((known) => known === kind)
}

type TokenKind = Exclude<LoginKind, "api-key">
type LoginOf<Kind extends LoginKind> = Extract<Login, { readonly kind: Kind }>

/** Each reads what `kindColumns` writes. */
const READERS: {
  readonly [Kind in TokenKind]: (
    row: Row,
    base: LoginBase & { readonly tokens: TokenSet },
  ) => LoginOf<Kind> | undefined
} = {
  idc(row, base) {
    const client = readClient(row)
    const loginRegion = stringField(row, "login_region")
    if (loginRegion === undefined || client === undefined) return undefined
    return {
      ...base,
      kind: "idc",
      client,
      loginRegion,
      ...present({ startUrl: stringField(row, "start_url") }),
    }
  },
  social: (row, base) => ({
    ...base,
    kind: "social",
    ...present({ provider: stringField(row, "provider") }),
  }),
  "external-idp"(row, base) {
    const clientId = stringField(row, "client_id")
    const tokenEndpoint = stringField(row, "token_endpoint")
    if (clientId === undefined || tokenEndpoint === undefined) return undefined
    const scopes = stringField(row, "scopes")
    return { ...base, kind: "external-idp", clientId, tokenEndpoint, ...present({ scopes }) }
  },
}

function readTokens(row: Row, prefix: string): TokenSet | undefined {
  const accessToken = stringField(row, `${prefix}access_token`)
  const refreshToken = stringField(row, `${prefix}refresh_token`)
  if (accessToken === undefined) return undefined
  return {
    accessToken: new Secret(accessToken),
    expiresAt: plausibleInstant(numberField(row, `${prefix}expires_at`)) ?? 0,
    ...present({ refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken) }),
  }
}

function readClient(row: Row): ClientRegistration | undefined {
  const clientId = stringField(row, "client_id")
  const clientSecret = stringField(row, "client_secret")
  const expiresAt = plausibleInstant(numberField(row, "client_expires_at"))
  if (clientId === undefined || clientSecret === undefined) return undefined
  return { clientId, clientSecret: new Secret(clientSecret), ...present({ expiresAt }) }
}

/** What a row says that no version with documents has written yet. */
function recordOfRow(row: Row): LoginRecord {
  const [tokens, behind] = [readTokens(row, ""), readTokens(row, "behind_")]
  const pairs = [behind, tokens].flatMap((pair) => (pair === undefined ? [] : [pairHash(pair)]))
  const hashes = [...new Set(pairs)]
  const source = LOGIN_SOURCES.find((known) => known === row["source"])
  const key = stringField(row, "source_key")
  if (source === undefined || source === "own" || key === undefined)
    return { places: [], hashes, inherited: [] }
  const place = { source, key, owed: behind !== undefined, ...present({ shown: hashes[0] }) }
  return { places: [place], hashes, inherited: [] }
}
