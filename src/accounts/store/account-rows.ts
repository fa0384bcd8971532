import { type JsonObject, present } from "../../json.ts"
import type { Secret } from "../../secret.ts"
import type { Account, Login, LoginBase, LoginRecord, TokenSet } from "../account.ts"
import type { AccountChanges } from "../draft.ts"
import { boundedHealth } from "../health.ts"
import { withUses } from "../login-use.ts"
import { findCalled } from "../name.ts"
import {
  changeLogin,
  hasLogin,
  loginHash,
  type PairSwap,
  pairHash,
  recordOf,
  renewedBy,
  withHash,
  withRecord,
} from "../login.ts"
import { type Database, type Row, untilWritten } from "./database.ts"
import { ACCOUNTS, LOGINS, SESSIONS, TURNS } from "./schema.ts"

/**
 * All accounts, removed ones too, the oldest first. They are read several times for every chat, and change rarely: rows
 * that say the same as before give the same account. `environmentKey`: `KIRO_API_KEY`, which is in no row: a login of
 * the environment is there only while its key is.
 */
export function accountReader(
  environmentKey: Secret | undefined,
): (database: Database, now: number) => readonly Account[] {
  let known = new Map<string, readonly Account[]>()
  const accounts = untilWritten([ACCOUNTS.name, LOGINS.name], (database) => {
    const logins = Map.groupBy(
      database.all("SELECT * FROM kiro_login ORDER BY rowid"),
      (row) => row["account_id"],
    )
    const rows = database.all("SELECT * FROM kiro_account ORDER BY added_at, rowid")
    known = new Map(
      rows.map((row) => {
        const loginRows = logins.get(row["id"]) ?? []
        const text = [row, ...loginRows].map((each) => Object.values(each).join("\0")).join("\0\0")
        return [text, known.get(text) ?? readAccount(row, loginRows, environmentKey)]
      }),
    )
    return withUses([...known.values()].flat())
  })
  return (database, now) => accounts(database).map((account) => withBounds(account, now))
}

function withBounds(account: Account, now: number): Account {
  const health = boundedHealth(account.health, now)
  return health === account.health ? account : { ...account, health }
}

/** One row, or none where it has no id; `loginRows` are whole. */
function readAccount(row: Row, loginRows: readonly Row[], environmentKey: Secret | undefined): Account[] {
  const { document: record, ...rest } = ACCOUNTS.read(row)
  if (rest.id === "") return []
  const read = loginRows.map((each) => ({ row: each, login: readLogin(each, environmentKey) }))
  const logins = read.flatMap(({ login }) => login ?? [])
  const keyElsewhere = read.some((each) => each.login === undefined && each.row["source"] === "environment")
  return [{ ...rest, logins, ...present({ record }), ...(keyElsewhere && { keyElsewhere }) }]
}

/** Nothing but a key that this process does not have: it says who is off, and is no account here. */
function isAway({ removedAt, logins, keyElsewhere }: Account): boolean {
  return removedAt === undefined && logins.length === 0 && keyElsewhere === true
}

/** Neither removed nor away. */
export function isThere(account: Account): boolean {
  return account.removedAt === undefined && !isAway(account)
}

export function findNotAway(accounts: readonly Account[], id: string): Account | undefined {
  const account = findCalled(accounts, id)
  return account && !isAway(account) ? account : undefined
}

type LoginMembers = ReturnType<typeof LOGINS.read>

/** `undefined` for a row that this version can't use: a damaged one, or a kind that a newer version added. */
function readLogin(row: Row, environmentKey: Secret | undefined): Login | undefined {
  const members = LOGINS.read(row)
  const { id, source, profileArn, revokedAt: at, revokedReason: reason, document, apiKey } = members
  if (id === "" || source === undefined) return undefined
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

function accountMembers({ record: document, forgotten, ...account }: Account): JsonObject {
  return {
    ...account,
    document,
    // With what a version without records looks for.
    forgotten: forgotten?.map(({ id, source, renewal, record: known }) => {
      const older = { sourceKey: known.places[0]?.key, fingerprint: known.hashes.at(-1) }
      return { source, ...older, id, renewal, ...known, inherited: undefined }
    }),
  }
}

/** What a login is made of, each member by the name of its column. The key of the environment is never kept. */
function loginMembers(login: Login, accountId: string): JsonObject {
  const { revoked } = login
  const record = recordOf(login)
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
    sourceKey: record.places[0]?.key,
    revokedAt: revoked?.at,
    revokedReason: revoked?.reason,
    document: record,
  }
}

/** A row whose document does not name its pair was written by a version that knows of no owners. */
function withPairNamed(login: Login): Login {
  if (login.barred === "strange") return login
  return withRecord(login, { hashes: withHash(recordOf(login).hashes, loginHash(login)) })
}

/** Writes what differs from `accounts`, which is what the rows hold now. */
export function applyChanges(
  database: Database,
  accounts: readonly Account[],
  changes: AccountChanges,
): AccountChanges {
  const before = new Map(accounts.map((account) => [account.id, account]))
  const held = new Map(
    accounts.flatMap(({ id, logins }) => logins.map((login) => [login.id, { login, accountId: id }])),
  )
  for (const account of changes.put) {
    const known = before.get(account.id)
    if (account !== known) ACCOUNTS.write(database, accountMembers(account), known && accountMembers(known))
    for (const login of account.logins) {
      const there = held.get(login.id)
      if (login !== there?.login || account.id !== there.accountId)
        LOGINS.write(
          database,
          loginMembers(withPairNamed(login), account.id),
          there && loginMembers(there.login, there.accountId),
        )
    }
  }
  // A login moves from one account to another by its new owner's write, so rows go after all writes.
  for (const { id, logins } of changes.put)
    for (const { id: loginId } of before.get(id)?.logins ?? [])
      if (logins.every((login) => login.id !== loginId))
        database.run("DELETE FROM kiro_login WHERE id = ? AND account_id = ?", [loginId, id])
  const removed = changes.put.filter(({ removedAt }) => removedAt !== undefined)
  for (const { id } of [...removed, ...changes.gone])
    database.run("DELETE FROM kiro_model_list WHERE account_id = ?", [id])
  for (const { id, into } of changes.gone) {
    database.run("DELETE FROM kiro_login WHERE account_id = ?", [id])
    database.run("DELETE FROM kiro_account WHERE id = ?", [id])
    if (into !== undefined)
      for (const [{ name }, column] of SESSION_COLUMNS)
        database.run(`UPDATE ${name} SET ${column} = ? WHERE ${column} = ?`, [into, id])
  }
  return changes
}

const SESSION_COLUMNS = [
  [SESSIONS, "account_id"],
  [SESSIONS, "chosen_account_id"],
  [TURNS, "account_id"],
] as const

export interface TokenSwap extends PairSwap {
  readonly loginId: string
}

/**
 * Whether the row still held `before` and now holds `after`, which every place of the login then lacks; its login, and
 * its account with it, is no longer logged out.
 */
export function swapTokens(database: Database, accounts: readonly Account[], swap: TokenSwap): boolean {
  const account = accounts.find((each) => hasLogin(each, swap.loginId))
  const renewed = account && changeLogin(account, swap.loginId, (login) => renewedBy(login, swap))
  if (renewed === undefined || renewed === account) return false
  applyChanges(database, accounts, { put: [renewed], gone: [] })
  // With a pair that the service gave, nobody needs to log in again: not for a reason that only newer versions know.
  database.run(
    `UPDATE kiro_account SET health = '{"state":"ok"}' WHERE id = ? AND CASE WHEN json_valid(health)
       THEN json_extract(health, '$.state') = 'revoked' AND json_extract(health, '$.reason') = 'login-expired' END`,
    [renewed.id],
  )
  return true
}
