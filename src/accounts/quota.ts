import type { Quota } from "./account.ts"

/** A usage that nobody asked for yet is neither none nor all. */
const UNKNOWN_SHARE = 0.5

/** When a limit that the service counts by month or by day starts again, where it named no instant of its own. */
export function startOfNext(period: "month" | "day", now: number): number {
  const date = new Date(now)
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  return period === "month" ? Date.UTC(year, month + 1, 1) : Date.UTC(year, month, day + 1)
}

export const DAY_MS: number = 24 * 60 * 60_000
/** No month of a plan is longer, whatever is named. */
export const LONGEST_QUOTA_MS = 40 * DAY_MS

/** When the usage call said that the credits start again, as it is believed at an instant before. */
export function namedReset(quota: Quota | undefined, now: number): number | undefined {
  const at = quota?.resetAt
  return at !== undefined && at > now && at <= now + LONGEST_QUOTA_MS ? at : undefined
}

/** When the credits of this quota start again. */
export function resetOf(quota: Quota | undefined, now: number): number {
  return namedReset(quota, now) ?? startOfNext("month", now)
}

/** Whether credits are left that cost nothing: of the plan, the trial or a bonus. Unknown counts as yes. */
export function hasRoom(quota: Quota | undefined, now: number): boolean {
  if (quota === undefined || isStale(quota, now)) return true
  const { limit, left } = creditsOf(quota, now)
  return limit <= 0 || left > 0
}

/** Whether the account may be used beyond its limit, for money. */
export function paysOverage({ overage }: Quota): boolean {
  return overage.enabled && (overage.cap === undefined || overage.used < overage.cap)
}

/** The remaining share of all credits, from 0 to 1. `spent`: our own turns since the quota was asked for. */
export function remainingShare(credits: {
  readonly quota: Quota | undefined
  readonly spent: number
  readonly now: number
}): number {
  const { quota, spent, now } = credits
  if (quota === undefined || isStale(quota, now)) return UNKNOWN_SHARE
  const { limit, left } = creditsOf(quota, now)
  return limit <= 0 ? UNKNOWN_SHARE : Math.min(1, Math.max(0, (left - spent) / limit))
}

/** The used share of all credits, trial and bonuses included; undefined where there is no limit. */
export function usedShare(quota: Quota, now: number): number | undefined {
  const { limit, left } = creditsOf(quota, now)
  return limit > 0 ? 1 - left / limit : undefined
}

const MONTH_MS = 30.4 * DAY_MS

/**
 * When the credits end at the pace of this period, in epoch ms: after the reset they never do. `undefined` where nothing is
 * known, used or left. The period is the month before the reset; its first day is too short for a pace.
 */
export function lastsUntil(quota: Quota, now: number): number | undefined {
  if (isStale(quota, now)) return undefined
  const elapsed = Math.max(DAY_MS, now - (resetOf(quota, now) - MONTH_MS))
  const { used, left } = creditsOf(quota, now)
  return used > 0 && left > 0 ? now + (left / used) * elapsed : undefined
}

/** Tokens of input, and those of them that the service read from its cache or wrote there, of requests where it told. */
export interface CacheUse {
  readonly inputTokens: number
  readonly readTokens: number
  readonly writeTokens: number
}

/** `71 %` of all input was read from the cache. */
export function cacheShare({ inputTokens, readTokens }: CacheUse): string {
  return `${Math.round((readTokens / inputTokens) * 100)} %`
}

/** Asked for before the credits started again: it says nothing about now. */
function isStale(quota: Quota, now: number): boolean {
  return resetOf(quota, quota.checkedAt) <= now
}

/** Of the plan, and of a trial and bonuses that have not ended. */
export function creditsOf(
  quota: Quota,
  now: number,
): { readonly used: number; readonly limit: number; readonly left: number } {
  const extras = [...(quota.trial === undefined ? [] : [quota.trial]), ...quota.bonuses]
  const sum = { used: 0, limit: 0, left: 0 }
  for (const { used, limit } of [quota, ...extras.filter(({ expiresAt = Infinity }) => expiresAt > now)]) {
    sum.used += used
    sum.limit += limit
    sum.left += Math.max(0, limit - used)
  }
  return sum
}
