import type { KiroFailure } from "../../kiro/index.ts"
import { type Account, COOLING_REASONS, type CoolingReason, type Health } from "../account.ts"
import { resetOf, startOfNext } from "../quota.ts"
import { isLocked, isLocking } from "./questions.ts"

/** A profile that is wrong is asked for again after this, unless the user chose another before. */
const NOT_AUTHORIZED_MS = 10 * 60_000
/** A longer cool-down than this is never made of a plain throttle that names no time. */
const LONGEST_THROTTLE_MS = 5 * 60_000
/** A throttle that comes so soon after the last one's end counts as its continuation. */
const SAME_TROUBLE_MS = 5 * 60_000

export interface FailureContext {
  readonly now: number
  /** `rate_limit_retry_delay_ms`. */
  readonly throttleDelayMs: number
  /** Uniform in [0, 1). */
  readonly random: number
}

/** What a failure of the account itself makes of it. Failures that no account is to blame for change nothing. */
export function afterFailure(account: Account, failure: KiroFailure, context: FailureContext): Account {
  const { now } = context
  const { kind, message } = failure
  if (isLocking(failure) && !isLocked(account))
    return { ...account, health: { state: "revoked", since: now, reason: failure.kind, message } }
  const reason = COOLING_REASONS.find((candidate) => candidate === kind)
  // What needs a person is not made better by time.
  if (reason === undefined || account.health.state === "revoked") return account
  const until = endOf(reason, account, failure, context)
  const times = timesOf(account.health, reason, now)
  const choice = reason === "not-authorized" ? profilesToChoose(account.health) : {}
  return { ...account, health: { state: "cooling", since: now, until, reason, times, message, ...choice } }
}

/** Its login may use several profiles, and its user chose none of them yet. */
export function afterChoiceWanted(
  account: Account,
  { profiles, now }: { readonly profiles: readonly string[]; readonly now: number },
): Account {
  if (account.health.state === "revoked") return account
  const until = now + NOT_AUTHORIZED_MS
  const reason = "not-authorized"
  return { ...account, health: { state: "cooling", since: now, until, reason, times: 1, profiles } }
}

function profilesToChoose(health: Health): { readonly profiles?: readonly string[] } {
  return health.state === "cooling" && health.profiles !== undefined ? { profiles: health.profiles } : {}
}

function endOf(
  reason: CoolingReason,
  account: Account,
  failure: KiroFailure,
  context: FailureContext,
): number {
  const { now } = context
  switch (reason) {
    case "monthly-quota":
    case "overage-limit":
      return resetOf(account.quota, now)
    case "daily-quota":
      return Math.min(resetOf(account.quota, now), startOfNext("day", now))
    case "throttled":
      return now + (failure.retryAfterMs ?? throttleMs(account.health, context))
    case "not-authorized":
      return now + NOT_AUTHORIZED_MS
    default:
      return reason satisfies never
  }
}

function throttleMs(health: Health, { now, throttleDelayMs, random }: FailureContext): number {
  const doubled = throttleDelayMs * 2 ** (timesOf(health, "throttled", now) - 1)
  return Math.min(doubled, LONGEST_THROTTLE_MS) * (1 + random / 4)
}

function timesOf(health: Health, reason: CoolingReason, now: number): number {
  if (health.state !== "cooling" || health.reason !== reason) return 1
  // A parallel request that was refused while the account is parked already tells nothing new.
  if (health.until > now) return health.times
  return now - health.until < SAME_TROUBLE_MS ? health.times + 1 : 1
}

/** A login that its service refused for good. The account is revoked only when all its logins are. */
export function afterLoginRefused(
  account: Account,
  refusal: { readonly loginId: string; readonly reason: string; readonly now: number },
): Account {
  const { loginId, reason, now } = refusal
  const logins = account.logins.map((login) =>
    login.id === loginId && login.revoked === undefined ? { ...login, revoked: { at: now, reason } } : login,
  )
  const refused = { ...account, logins }
  if (logins.some((login) => login.revoked === undefined) || isLocked(account)) return refused
  const byKey = logins.every((login) => login.kind === "api-key")
  return {
    ...refused,
    health: {
      state: "revoked",
      since: now,
      reason: byKey ? "api-key-refused" : "login-expired",
      message: reason,
    },
  }
}
