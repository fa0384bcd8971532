import { existsSync } from "node:fs"
import { numberField, stringField } from "../../json.ts"
import type { Account, Quota } from "../account.ts"
import { accountName } from "../name.ts"
import { type Database, openDatabase, type Row } from "./database.ts"
import { readAccountRow } from "./account-rows.ts"
import { readLoginKind } from "./login-rows.ts"

/** What may be shown of an account: no token, no secret, no registration is even read. */
export interface AccountOverview {
  readonly id: string
  /** Kind and short id, or the user's own label. */
  readonly name: string
  readonly email?: string
  readonly enabled: boolean
  readonly health: Account["health"]
  readonly quota?: Quota
}

/** Credits of one session's turns. */
export interface SessionOverview {
  readonly accountId?: string
  /** Of everything that was asked for since the user's last message, tools and titles included. */
  readonly lastTurnCredits?: number
  readonly credits: number
}

export interface StoreOverview {
  readonly accounts: readonly AccountOverview[]
  readonly session: SessionOverview
}

/**
 * One look at the file, read-only and without waiting: `undefined` where there is none, it is of no use or it is busy
 * just now. The terminal UI looks again soon.
 */
export async function readOverview(wanted: {
  readonly path: string
  readonly sessionId?: string
  /** When the user's last message was sent, in epoch ms; absent: the last request is the last turn. */
  readonly turnSince?: number
}): Promise<StoreOverview | undefined> {
  if (!existsSync(wanted.path)) return undefined
  let database: Database | undefined
  try {
    database = await openDatabase(wanted.path, { readonly: true })
    return { accounts: accountsOf(database), session: sessionOf(database, wanted) }
  } catch {
    // Whatever keeps us from looking is told by the part that needs the file.
    return undefined
  } finally {
    database?.close()
  }
}

function accountsOf(database: Database): AccountOverview[] {
  const logins = Map.groupBy(
    database.all("SELECT account_id, kind, start_url, login_region, provider FROM kiro_login ORDER BY rowid"),
    (row) => row["account_id"],
  )
  return database
    .all("SELECT * FROM kiro_account WHERE removed_at IS NULL ORDER BY added_at, rowid")
    .flatMap((row) => {
      const [account] = readAccountRow(row, [])
      if (account === undefined) return []
      const { id, email, enabled, health, quota } = account
      const name = accountName({ ...account, logins: (logins.get(id) ?? []).map(loginName) })
      return [
        {
          id,
          name,
          enabled,
          health,
          ...(email !== undefined && { email }),
          ...(quota !== undefined && { quota: upToDate(database, id, quota) }),
        },
      ]
    })
}

/**
 * Usage is asked for at most once a minute: what was spent since is added, so that the figure moves with each turn.
 * Where a trial or a bonus may have paid for it nobody but the service knows which figure moves.
 */
function upToDate(database: Database, accountId: string, quota: Quota): Quota {
  if (quota.trial !== undefined || quota.bonuses.length > 0) return quota
  const since = database.get(
    "SELECT SUM(credits) AS credits FROM kiro_turn WHERE account_id = ? AND at > ?",
    [accountId, quota.checkedAt],
  )
  return { ...quota, used: quota.used + (numberField(since ?? {}, "credits") ?? 0) }
}

function loginName(row: Row) {
  const startUrl = stringField(row, "start_url")
  const loginRegion = stringField(row, "login_region")
  const provider = stringField(row, "provider")
  return {
    kind: readLoginKind(row) ?? "social",
    ...(startUrl !== undefined && { startUrl }),
    ...(loginRegion !== undefined && { loginRegion }),
    ...(provider !== undefined && { provider }),
  }
}

function sessionOf(
  database: Database,
  { sessionId = "", turnSince }: { readonly sessionId?: string; readonly turnSince?: number },
): SessionOverview {
  const sum = database.get("SELECT SUM(credits) AS credits FROM kiro_turn WHERE session_id = ?", [sessionId])
  const last = database.get(
    "SELECT account_id, credits FROM kiro_turn WHERE session_id = ? ORDER BY at DESC, id DESC LIMIT 1",
    [sessionId],
  )
  const chosen = database.get("SELECT account_id FROM kiro_session WHERE session_id = ?", [sessionId])
  const accountId = stringField(last ?? {}, "account_id") ?? stringField(chosen ?? {}, "account_id")
  const turn =
    turnSince === undefined
      ? last
      : database.get("SELECT SUM(credits) AS credits FROM kiro_turn WHERE session_id = ? AND at >= ?", [
          sessionId,
          turnSince,
        ])
  const lastTurnCredits = numberField(turn ?? {}, "credits")
  return {
    credits: numberField(sum ?? {}, "credits") ?? 0,
    ...(accountId !== undefined && { accountId }),
    ...(lastTurnCredits !== undefined && { lastTurnCredits }),
  }
}
