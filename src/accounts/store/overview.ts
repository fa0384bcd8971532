import { existsSync } from "node:fs"
import { numberField, present, stringField } from "../../json.ts"
import type { Secret } from "../../secret.ts"
import { ownCommand } from "../../settings/index.ts"
import type { Quota } from "../account.ts"
import { type AccountState, stateOf } from "../health.ts"
import { accountName } from "../name.ts"
import type { CacheUse } from "../quota.ts"
import { isResting } from "../login-use.ts"
import { remedyOf } from "../words.ts"
import { accountReader, isThere } from "./account-rows.ts"
import { type Database, openDatabase, type Row, StoreError, storeFailure } from "./database.ts"
import { creditsSince, type DaySpent, localDay, NOTHING_SPENT, readSession, spentOn } from "./sessions.ts"

/** What may be shown of an account: no token, no secret, no registration. */
export interface AccountOverview {
  readonly id: string
  /** Kind and short id, or the user's own label. */
  readonly name: string
  readonly email?: string
  readonly enabled: boolean
  /** As it is now. */
  readonly state: AccountState
  /** What helps, where anything does. */
  readonly remedy?: string
  readonly quota?: Quota
  /** The ids of accounts that turned out to be the same person's. */
  readonly joined?: readonly string[]
}

/** One session's turns and its subagents'. */
interface SessionOverview {
  readonly accountId?: string
  /** The user chose the account for this session. */
  readonly chosen?: true
  /** The account that has answered, where the user chose another one. */
  readonly otherwise?: string
  /**
   * Of everything that the last of the user's messages with any cost brought about, tools and titles included: while the
   * first answer to a new one is on its way that is still the one before.
   */
  readonly lastTurnCredits?: number
  readonly credits: number
  /** Where the service told. */
  readonly cache?: CacheUse
}

export interface StoreOverview {
  readonly accounts: readonly AccountOverview[]
  readonly today: DaySpent
  readonly session: SessionOverview
}

interface Wanted {
  readonly path: string
  readonly sessionId?: string
  /** When the user's messages were sent, in epoch ms, the newest first; empty: the last request is the last turn. */
  readonly turnStarts?: readonly number[]
  readonly now: number
  /** Whether paid credits may be used. */
  readonly useOverage?: boolean
  /** `KIRO_API_KEY`. */
  readonly environmentKey?: Secret | undefined
}

/**
 * One look at the file, read-only and without waiting: `undefined` where nothing is. Rejects with a `StoreError` where
 * it is of no use, or busy just now: the terminal UI looks again soon.
 */
export async function readOverview(wanted: Wanted): Promise<StoreOverview | undefined> {
  if (!existsSync(wanted.path)) return undefined
  let opened: Database | undefined
  try {
    const database = await openDatabase(wanted.path, { readonly: true })
    opened = database
    const day = localDay(wanted.now)
    return {
      accounts: accountsOf(database, wanted),
      // A file that no newer version has written to yet lacks what these need.
      session: {
        ...orElse(() => sessionOf(database, wanted), { credits: 0 }),
        ...present({ cache: orElse(() => cacheOf(database, wanted), undefined) }),
      },
      today: orElse(() => spentOn(database, day), NOTHING_SPENT),
    }
  } catch (error) {
    const failure = storeFailure(error)
    // An older plugin's file, or one that is just being made, has no tables of ours.
    if (failure === "failed") return undefined
    throw new StoreError(failure, error)
  } finally {
    opened?.close()
  }
}

function accountsOf(
  database: Database,
  { now, useOverage = true, environmentKey }: Wanted,
): AccountOverview[] {
  return accountReader(environmentKey)(database, now)
    .filter((account) => isThere(account) && !isResting(account, now))
    .map((account) => {
      const { id, email, enabled, quota, record } = account
      const state = stateOf(account, { now, useOverage })
      const remedy = state.reason === "ready" ? "" : remedyOf(account, state, ownCommand())
      return {
        id,
        name: accountName(account),
        enabled,
        state,
        ...present({ remedy: remedy === "" ? undefined : remedy }),
        ...present({ email, joined: record?.joined, quota: quota && upToDate(database, id, quota) }),
      }
    })
}

/**
 * Usage is asked for at most once a minute: what was spent since is added, so that the figure moves with each turn.
 * Where a trial or a bonus may have paid for it nobody but the service knows which figure moves.
 */
function upToDate(database: Database, accountId: string, quota: Quota): Quota {
  if (quota.trial !== undefined || quota.bonuses.length > 0) return quota
  return { ...quota, used: quota.used + creditsSince(database, accountId, quota.checkedAt) }
}

function orElse<Value>(read: () => Value, fallback: Value): Value {
  try {
    return read()
  } catch {
    return fallback
  }
}

/** Of the turns of a session, and of its subagents and theirs. */
const ofFamily = (sums: string): string => `
  WITH RECURSIVE family(id) AS (
    SELECT ? UNION SELECT session_id FROM kiro_turn JOIN family ON parent_session_id = family.id
  )
  SELECT ${sums} FROM kiro_turn WHERE session_id IN (SELECT id FROM family)`

function sessionOf(database: Database, { sessionId, turnStarts = [] }: Wanted): SessionOverview {
  if (sessionId === undefined) return { credits: 0 }
  const spent = (since: number): Row =>
    database.get(`${ofFamily("SUM(credits) AS credits, MAX(at) AS latest")} AND credits > 0 AND at >= ?`, [
      sessionId,
      since,
    ]) ?? {}
  const last =
    database.get(
      "SELECT account_id, credits FROM kiro_turn WHERE session_id = ? AND credits > 0 ORDER BY at DESC, id DESC LIMIT 1",
      [sessionId],
    ) ?? {}
  const memory = readSession(database, sessionId)
  const { chosenAccountId } = memory
  const answered = stringField(last, "account_id") ?? memory.accountId
  const all = spent(0)
  const start = turnStarts.find((at) => at <= (numberField(all, "latest") ?? 0))
  return {
    credits: numberField(all, "credits") ?? 0,
    ...present({
      accountId: chosenAccountId ?? answered,
      chosen: chosenAccountId === undefined ? undefined : (true as const),
      otherwise: chosenAccountId === undefined ? undefined : answered,
      lastTurnCredits: numberField(start === undefined ? last : spent(start), "credits"),
    }),
  }
}

const CACHE_SUMS =
  "SUM(input_tokens) AS input, SUM(cache_read_tokens) AS read, TOTAL(cache_write_tokens) AS written"

function cacheOf(database: Database, { sessionId }: Wanted): CacheUse | undefined {
  if (sessionId === undefined) return undefined
  const row = database.get(`${ofFamily(CACHE_SUMS)} AND cache_read_tokens IS NOT NULL`, [sessionId]) ?? {}
  const [inputTokens, readTokens] = [numberField(row, "input"), numberField(row, "read")]
  if (inputTokens === undefined || readTokens === undefined) return undefined
  return { inputTokens, readTokens, writeTokens: numberField(row, "written") ?? 0 }
}
