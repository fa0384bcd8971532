import { present } from "../json.ts"
import type { KiroFailure } from "../kiro/index.ts"
import {
  type Account,
  COOLING,
  COOLING_REASONS,
  type CoolingReason,
  type Health,
  isLockingReason,
  type LockingReason,
  type Login,
  type Quota,
  type RevokedReason,
} from "./account.ts"
import { changeLogin, isAtRest, recordOf, withoutRevocation, withRecord } from "./login.ts"
import { DAY_MS, hasRoom, LONGEST_QUOTA_MS, namedReset, paysOverage, resetOf, startOfNext } from "./quota.ts"

/** A profile that is wrong is asked for again after this, unless the user chose another before. */
const NOT_AUTHORIZED_MS = 10 * 60_000
/** A longer cool-down than this is never made of a plain throttle that names no time. */
const LONGEST_THROTTLE_MS = 5 * 60_000
/** How far two clocks of one machine may be apart: a cool-down that begins later was written by a wrong one. */
const CLOCK_SLACK_MS = 60_000
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
  if (isLocking(failure)) return lockedBy(account, failure, context.now)
  const { now } = context
  const { health } = account
  const { kind, message } = failure
  const reason = COOLING_REASONS.find((candidate) => candidate === kind)
  // What needs a person is not made better by time.
  if (reason === undefined || health.state === "revoked") return account
  const until = endOf(reason, account, failure, context)
  const times = timesOf(health, reason, now)
  const profiles = reason === "not-authorized" && health.state === "cooling" ? health.profiles : undefined
  const choice = present({ profiles })
  return { ...account, health: { state: "cooling", since: now, until, reason, times, message, ...choice } }
}

/** Locked until its user acts; as it was where it is so already. */
export function lockedBy(account: Account, { kind, message }: LockingFailure, now: number): Account {
  if (isLocked(account)) return account
  return { ...account, health: { state: "revoked", since: now, reason: kind, message } }
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

function endOf(
  reason: CoolingReason,
  account: Account,
  failure: KiroFailure,
  context: FailureContext,
): number {
  const { now } = context
  const until = COOLING[reason]
  switch (until) {
    case "month":
      return namedReset(account.quota, now) ?? Math.min(startOfNext("month", now), now + DAY_MS)
    case "day":
      return Math.min(namedReset(account.quota, now) ?? Infinity, startOfNext("day", now))
    case "delay":
      return now + Math.min(failure.retryAfterMs ?? throttleMs(account.health, context), DAY_MS)
    case "another-look":
      return now + NOT_AUTHORIZED_MS
    default:
      return until satisfies never
  }
}

/**
 * What a stored health is worth now. A cool-down that begins in the future was written by a clock that was wrong, and
 * one that ends too far ahead by a service or a version that was.
 */
export function boundedHealth(health: Health, now: number): Health {
  if (health.state !== "cooling") return health
  const { since, until } = health
  if (since > now + CLOCK_SLACK_MS) return { state: "ok" }
  const latest = since + (isOfCredits(health.reason) ? LONGEST_QUOTA_MS : DAY_MS)
  return until > latest ? { ...health, until: latest } : health
}

function throttleMs(health: Health, { now, throttleDelayMs, random }: FailureContext): number {
  const doubled = throttleDelayMs * 2 ** (timesOf(health, "throttled", now) - 1)
  return Math.min(doubled, LONGEST_THROTTLE_MS) * (1 + random / 4)
}

function timesOf(health: Health, reason: CoolingReason, now: number): number {
  if (health.state !== "cooling" || health.reason !== reason) return 1
  // A parallel request that was refused while the account is cooling already tells nothing new.
  if (health.until > now) return health.times
  return now - health.until < SAME_TROUBLE_MS ? health.times + 1 : 1
}

/** A login that its service refused for good. The account is revoked only when all its logins are. */
export function afterLoginRefused(
  account: Account,
  refusal: { readonly loginId: string; readonly reason: string; readonly now: number },
): Account {
  const { loginId, reason, now } = refusal
  const refused = changeLogin(account, loginId, (login) =>
    login.revoked === undefined ? { ...login, revoked: { at: now, reason } } : login,
  )
  const { logins } = refused
  if (logins.some((login) => login.revoked === undefined) || isLocked(account)) return refused
  const byKey = logins.every((login) => login.kind === "api-key")
  const ended = byKey ? "api-key-refused" : "login-expired"
  return { ...refused, health: { state: "revoked", since: now, reason: ended, message: reason } }
}

/** The service gave it a newer token: nobody needs to log in again. */
export function afterRenewal(account: Account): Account {
  const { health } = account
  const isOver = health.state === "revoked" && health.reason === "login-expired"
  return isOver ? { ...account, health: { state: "ok" } } : account
}

/**
 * A good answer to a request that began at `startedAt`. It ends what was held against the account before that, but
 * not what a parallel request learned since, and never a lock.
 */
export function afterSuccess(
  account: Account,
  success: { readonly loginId: string; readonly startedAt: number; readonly now: number },
): Account {
  const { health } = account
  const lifted = health.state !== "ok" && health.since < success.startedAt && !isLocked(account)
  const proven = changeLogin(account, success.loginId, withoutRevocation)
  const recent = account.lastUsedAt !== undefined && success.now - account.lastUsedAt < 60_000
  if (!lifted && proven === account && recent) return account
  return { ...proven, lastUsedAt: success.now, health: lifted ? { state: "ok" } : health }
}

/** A usage answer. A cool-down for want of credits ends where it shows room again, else when it says they start again. */
export function afterUsage(account: Account, quota: Quota, now: number): Account {
  const { health } = account
  const measured = { ...account, quota }
  if (health.state !== "cooling" || !isOutOfCredits(account) || quota.checkedAt < health.since)
    return measured
  if (hasRoom(quota, now) || paysOverage(quota)) return { ...measured, health: { state: "ok" } }
  const reset = namedReset(quota, now)
  if (reset === undefined || reset === health.until || health.reason === "daily-quota") return measured
  return { ...measured, health: { ...health, until: reset } }
}

/** What its user does: now, and later than all that was before it, as `actedNow` gives it. */
interface Act {
  readonly now: number
  readonly actedAt: number
}

/**
 * The user's own act: the only way out of a lock, and for a refused API key, which nothing renews, to be tried again. A
 * login that is held is taken in by it; where the account rests, which its user was told of, it is renewed once, whatever
 * its successor is.
 */
export function enableAccount(account: Account, act: Act): Account {
  const isTold = seemsToRest(account, act.now)
  return {
    ...account,
    enabled: true,
    logins: account.logins.map((login) => allow(login, { ...act, isTold })),
    health: outlastsActs(account) ? account.health : { state: "ok" },
    record: { ...account.record, actedAt: act.actedAt },
  }
}

/** Whether nothing but that its logins rest keeps it from serving: who switches on what was off has heard nothing of that. */
function seemsToRest({ enabled, health, logins }: Account, now: number): boolean {
  const rests = (login: Login): boolean => isUnreadable(login) || hindranceOfLogin(login, now) !== undefined
  return enabled && stateOfHealth(health, now) === undefined && logins.every(rests)
}

/** Credits that are used up, a choice that is open and a login that has ended: a user's word changes none of them. */
function outlastsActs(account: Account): boolean {
  const { health } = account
  if (health.state === "cooling") return isOutOfCredits(account) || health.profiles !== undefined
  return health.state === "revoked" && health.reason === "login-expired"
}

function allow(login: Login, { now, actedAt, isTold }: Act & { readonly isTold: boolean }): Login {
  if (login.kind === "api-key") return withoutRevocation(login)
  if (login.barred === "held") return withRecord(login, { taken: actedAt })
  return isTold && (isAtRest(login, now) || isUnreadable(login)) ? withRecord(login, { once: true }) : login
}

function isUnreadable(login: Login): boolean {
  return recordOf(login).unreadable !== undefined
}

export function disableAccount(account: Account, actedAt: number): Account {
  return { ...account, enabled: false, record: { ...account.record, actedAt } }
}

/** The user's choice; what was held against the profile before ends. */
export function chooseProfile(account: Account, profileArn: string): Account {
  return { ...withProfileTrust(account), profileArn }
}

/** A profile that was found for a login of it, in the place of one that the service refused; the same ends. */
export function foundProfile(
  account: Account,
  found: { readonly loginId: string; readonly profileArn: string; readonly refused?: string | undefined },
): Account {
  const { loginId, profileArn, refused } = found
  const refusedProfile = refused === undefined ? {} : { refusedProfile: refused }
  return withProfileTrust(
    changeLogin(account, loginId, (login) => ({ ...withRecord(login, refusedProfile), profileArn })),
  )
}

function withProfileTrust(account: Account): Account {
  return isNotAuthorized(account) ? { ...account, health: { state: "ok" } } : account
}

/** One that locks its account until the user acts. */
export type LockingFailure = KiroFailure & { readonly kind: LockingReason }

export function isLocking(failure: KiroFailure): failure is LockingFailure {
  return isLockingReason(failure.kind)
}

/** Whether only the user's own act ends it, as with a suspension: no good answer and no newer token does. */
export function isLocked({ health }: Pick<Account, "health">): boolean {
  return health.state === "revoked" && isLockingReason(health.reason)
}

/** Whether it cools for want of credits, which a usage call can see. */
export function isOutOfCredits({ health }: Account): boolean {
  return health.state === "cooling" && isOfCredits(health.reason)
}

function isOfCredits(reason: CoolingReason): boolean {
  return COOLING[reason] === "month" || COOLING[reason] === "day"
}

function isNotAuthorized({ health }: Account): boolean {
  return health.state === "cooling" && health.reason === "not-authorized"
}

/** Whether it is cooling for want of a profile: none was chosen, none found. */
export function wantsProfile(account: Account): boolean {
  const arns = [account.profileArn, ...account.logins.map((login) => login.profileArn)]
  return account.enabled && isNotAuthorized(account) && arns.every((arn) => arn === undefined)
}

/** Why a login is not renewed now, though its service might. */
export const RESTS = [
  /** It is not known yet whose login it is, and what was before it in its place may not be used. */
  "held",
  /** Its login has ended, and the one that took its place may be the same. */
  "resting",
  /** In this request: its token has ended, and the store that it came from, which may hold a newer one, can't be read. */
  "source-away",
] as const

export type Rest = (typeof RESTS)[number]

export type StateReason =
  | "ready"
  | "disabled"
  | "profile-choice"
  | Rest
  /** In this request only: nothing is held against the account. */
  | "unavailable"
  | CoolingReason
  | RevokedReason

/** What an account is just now, for people. */
export interface AccountState {
  readonly reason: StateReason
  /** When it ends by itself, in epoch ms. */
  readonly until?: number
  /** The service's own words, as they came. */
  readonly said?: string
  /** The ARNs that its user has to choose from. */
  readonly profiles?: readonly string[]
}

interface Asked {
  readonly now: number
  /** Whether paid credits may be used; without them an account with none left can't serve either. */
  readonly useOverage: boolean
}

export function stateOf(account: Account, at: Asked): AccountState {
  return hindranceOf(account, at.now) ?? wantOfCredits(account, at) ?? { reason: "ready" }
}

/** What keeps it from every message; `undefined` for want of credits that only its usage tells of. */
export function hindranceOf({ enabled, health, logins }: Account, now: number): AccountState | undefined {
  if (!enabled) return { reason: "disabled" }
  const byHealth = stateOfHealth(health, now)
  if (byHealth !== undefined) return byHealth
  const hindrances = logins.map((login) => hindranceOfLogin(login, now))
  if (hindrances.includes(undefined)) return undefined
  return { reason: hindrances.find((reason) => reason !== "login-expired") ?? "login-expired" }
}

function hindranceOfLogin(login: Login, now: number): "login-expired" | "held" | "resting" | undefined {
  if (login.revoked !== undefined) return "login-expired"
  if (login.barred === "held") return "held"
  return isAtRest(login, now) ? "resting" : undefined
}

export function wantOfCredits({ quota }: Account, { now, useOverage }: Asked): AccountState | undefined {
  if (quota === undefined || hasRoom(quota, now) || (useOverage && paysOverage(quota))) return undefined
  return { reason: "monthly-quota", until: resetOf(quota, now) }
}

/** `undefined` where nothing is held against it. */
export function stateOfHealth(health: Health, now: number): AccountState | undefined {
  switch (health.state) {
    case "ok":
      return undefined
    case "cooling": {
      const { reason, until, profiles, message: said = "" } = health
      // The choice stays open when the wait is over: only a profile ends it.
      if (profiles !== undefined) return { reason: "profile-choice", profiles }
      return until <= now ? undefined : { reason, until, said }
    }
    case "revoked":
      return { reason: health.reason, said: health.message ?? "" }
    default:
      return health satisfies never
  }
}
