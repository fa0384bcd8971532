import type { KiroFailure } from "../kiro/index.ts"
import type { Account, CoolingReason, Health, Login, Quota, TokenSet } from "./account.ts"
import { hasRoom, paysOverage, resetOf, startOfNext } from "./quota.ts"

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
  const cool = (reason: CoolingReason, until: number): Account => {
    // What needs a person is not made better by time.
    if (account.health.state === "revoked") return account
    const times = timesOf(account.health, reason, now)
    return withHealth(account, {
      state: "cooling",
      since: now,
      until,
      reason,
      times,
      message: failure.message,
    })
  }
  switch (failure.kind) {
    case "suspended":
      if (isSuspended(account)) return account
      return withHealth(account, {
        state: "revoked",
        since: now,
        reason: "suspended",
        message: failure.message,
      })
    case "monthly-quota":
    case "overage-limit":
      return cool(failure.kind, resetOf(account.quota, now))
    case "daily-quota":
      return cool("daily-quota", Math.min(resetOf(account.quota, now), startOfNext("day", now)))
    case "throttled":
      return cool("throttled", now + (failure.retryAfterMs ?? throttleMs(account.health, context)))
    case "not-authorized":
      return cool("not-authorized", now + NOT_AUTHORIZED_MS)
    default:
      return account
  }
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
  if (logins.some((login) => login.revoked === undefined) || isSuspended(account)) return refused
  const byKey = logins.every((login) => login.kind === "api-key")
  return withHealth(refused, {
    state: "revoked",
    since: now,
    reason: byKey ? "api-key-refused" : "login-expired",
    message: reason,
  })
}

/**
 * A good answer to a request that began at `startedAt`. It ends what was held against the account before that, but
 * not what a parallel request learned since, and never a suspension.
 */
export function afterSuccess(
  account: Account,
  success: { readonly loginId: string; readonly startedAt: number; readonly now: number },
): Account {
  const { health } = account
  const lifted = health.state !== "ok" && health.since < success.startedAt && !isSuspended(account)
  const proven = account.logins.some((login) => login.id === success.loginId && login.revoked !== undefined)
  const recent = account.lastUsedAt !== undefined && success.now - account.lastUsedAt < 60_000
  if (!lifted && !proven && recent) return account
  return {
    ...account,
    lastUsedAt: success.now,
    health: lifted ? { state: "ok" } : health,
    logins: proven ? withoutRevoked(account, success.loginId) : account.logins,
  }
}

/** A usage answer. A quota cool-down ends where it shows room again. */
export function afterUsage(account: Account, quota: Quota, now: number): Account {
  const { health } = account
  const measured = { ...account, quota }
  if (health.state !== "cooling" || !isQuotaReason(health.reason) || quota.checkedAt < health.since)
    return measured
  return hasRoom(quota, now) || paysOverage(quota) ? withHealth(measured, { state: "ok" }) : measured
}

/** The source of a login holds a different, unexpired token: the login and its account can be used again. */
export function reviveBySource(
  account: Account,
  revival: { readonly loginId: string; readonly tokens: TokenSet; readonly now: number },
): Account {
  const { loginId, tokens, now } = revival
  const logins = account.logins.map((login) => {
    if (login.id !== loginId || login.kind === "api-key" || tokens.expiresAt <= now) return login
    if (login.tokens.accessToken.equals(tokens.accessToken)) return login
    const { revoked: _, sourceBehind: __, ...rest } = login
    return { ...rest, tokens }
  })
  if (logins.every((login, index) => login === account.logins[index])) return account
  const loggedOut = account.health.state === "revoked" && account.health.reason !== "suspended"
  return { ...account, logins, health: loggedOut ? { state: "ok" } : account.health }
}

/**
 * The user's own act: the only way out of a suspension, and for a refused API key, which nothing renews, to be tried
 * again.
 */
export function enableAccount(account: Account): Account {
  const { health } = account
  const logins = account.logins.map((login) =>
    login.kind === "api-key" && login.revoked !== undefined ? withoutRevocation(login) : login,
  )
  const refused = health.state === "revoked" && health.reason === "api-key-refused"
  return {
    ...account,
    enabled: true,
    logins,
    health: refused || isSuspended(account) ? { state: "ok" } : health,
  }
}

export function disableAccount(account: Account): Account {
  return { ...account, enabled: false }
}

/** The user's choice; what was held against the profile before ends. */
export function chooseProfile(account: Account, profileArn: string): Account {
  return { ...withProfileTrust(account), profileArn }
}

/** A profile that was found for a login of it; the same ends. */
export function foundProfile(
  account: Account,
  { loginId, profileArn }: { readonly loginId: string; readonly profileArn: string },
): Account {
  const logins = account.logins.map((login) => (login.id === loginId ? { ...login, profileArn } : login))
  return { ...withProfileTrust(account), logins }
}

function withProfileTrust(account: Account): Account {
  return isNotAuthorized(account) ? withHealth(account, { state: "ok" }) : account
}

/** Whether it is parked for want of a profile: none was chosen, none found. */
export function wantsProfile(account: Account): boolean {
  const arns = [account.profileArn, ...account.logins.map((login) => login.profileArn)]
  return account.enabled && isNotAuthorized(account) && arns.every((arn) => arn === undefined)
}

function isNotAuthorized({ health }: Account): boolean {
  return health.state === "cooling" && health.reason === "not-authorized"
}

/** When a parked account returns by itself; undefined for one that needs a person, 0 for one that is not parked. */
export function returnsAt(account: Account, now: number): number | undefined {
  const { health } = account
  if (health.state === "revoked") return undefined
  return health.state === "cooling" && health.until > now ? health.until : 0
}

/** Whether the cool-down is about credits, which a usage call can see. */
function isQuotaReason(reason: CoolingReason): boolean {
  switch (reason) {
    case "monthly-quota":
    case "daily-quota":
    case "overage-limit":
      return true
    case "throttled":
    case "not-authorized":
      return false
    default: {
      const never: never = reason
      return never
    }
  }
}

function isSuspended({ health }: Account): boolean {
  return health.state === "revoked" && health.reason === "suspended"
}

function withHealth(account: Account, health: Health): Account {
  return { ...account, health }
}

function withoutRevoked(account: Account, loginId: string): Account["logins"] {
  return account.logins.map((login) => (login.id === loginId ? withoutRevocation(login) : login))
}

function withoutRevocation(login: Login): Login {
  const { revoked: _, ...rest } = login
  return rest
}

function timesOf(health: Health, reason: CoolingReason, now: number): number {
  if (health.state !== "cooling" || health.reason !== reason) return 1
  // A parallel request that was refused while the account is parked already tells nothing new.
  if (health.until > now) return health.times
  return now - health.until < SAME_TROUBLE_MS ? health.times + 1 : 1
}

function throttleMs(health: Health, { now, throttleDelayMs, random }: FailureContext): number {
  const doubled = throttleDelayMs * 2 ** (timesOf(health, "throttled", now) - 1)
  return Math.min(doubled, LONGEST_THROTTLE_MS) * (1 + random / 4)
}
