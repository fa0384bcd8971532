import { isObject, type JsonObject, numberField, stringField } from "../json.ts"

/** Credits with their fractions; instants in epoch ms. */
export interface UsageQuota {
  readonly plan?: string
  readonly used: number
  readonly limit: number
  readonly resetAt?: number
  /** Only while it is active. */
  readonly trial?: { readonly used: number; readonly limit: number; readonly expiresAt?: number }
  readonly bonuses: readonly UsageBonus[]
  readonly overage: {
    readonly enabled: boolean
    readonly used: number
    readonly cap?: number
    readonly charges?: number
  }
}

export interface UsageBonus {
  readonly name: string
  readonly used: number
  readonly limit: number
  readonly expiresAt?: number
}

export interface UsageLimits {
  /** Absent where the answer named no limit. */
  readonly quota?: UsageQuota
  readonly userId?: string
  readonly email?: string
}

/**
 * Reads an answer of getUsageLimits in each of its shapes: the list of breakdowns, a single one, the old `limits`.
 * `undefined` where the body is no object.
 */
export function readUsageLimits(body: unknown): UsageLimits | undefined {
  if (!isObject(body)) return undefined
  const user = isObject(body["userInfo"]) ? body["userInfo"] : {}
  const quota = readQuota(body)
  const [userId, email] = [stringField(user, "userId"), stringField(user, "email")]
  return {
    ...(quota !== undefined && { quota }),
    ...(userId !== undefined && { userId }),
    ...(email !== undefined && { email }),
  }
}

function readQuota(body: JsonObject): UsageQuota | undefined {
  const entry = chooseEntry(body)
  if (entry === undefined) return undefined
  const limit = precise(entry, "usageLimit") ?? numberField(entry, "totalUsageLimit")
  if (limit === undefined) return undefined
  const subscription = isObject(body["subscriptionInfo"]) ? body["subscriptionInfo"] : {}
  const plan = stringField(subscription, "subscriptionTitle", "type")
  const resetAt = instant(entry["nextDateReset"]) ?? instant(body["nextDateReset"])
  const trial = readTrial(entry["freeTrialInfo"])
  return {
    ...(plan !== undefined && { plan }),
    used: precise(entry, "currentUsage") ?? 0,
    limit,
    ...(resetAt !== undefined && { resetAt }),
    ...(trial !== undefined && { trial }),
    bonuses: list(entry["bonuses"]).flatMap((bonus) => readBonus(bonus) ?? []),
    overage: readOverage(body, entry),
  }
}

/** Credits are what the plans count; an account that has none of that kind shows its first limit. */
function chooseEntry(body: JsonObject): JsonObject | undefined {
  const entries = [
    ...list(body["usageBreakdownList"]),
    ...(isObject(body["usageBreakdown"]) ? [body["usageBreakdown"]] : []),
    ...list(body["limits"]),
  ]
  const ofKind = (kind: string): JsonObject | undefined =>
    entries.find((entry) => (stringField(entry, "resourceType", "type") ?? "").toUpperCase() === kind)
  return ofKind("CREDIT") ?? ofKind("AGENTIC_REQUEST") ?? entries[0]
}

function readTrial(trial: unknown): UsageQuota["trial"] {
  if (!isObject(trial) || stringField(trial, "freeTrialStatus") !== "ACTIVE") return undefined
  const limit = precise(trial, "usageLimit")
  if (limit === undefined) return undefined
  const expiresAt = instant(trial["freeTrialExpiry"])
  return { used: precise(trial, "currentUsage") ?? 0, limit, ...(expiresAt !== undefined && { expiresAt }) }
}

/** The names of a bonus's fields vary; one without a status is taken for active. */
function readBonus(bonus: JsonObject): UsageBonus | undefined {
  if ((stringField(bonus, "status", "bonusStatus") ?? "ACTIVE") !== "ACTIVE") return undefined
  const limit = precise(bonus, "usageLimit") ?? numberField(bonus, "limit", "amount")
  if (limit === undefined) return undefined
  const expiresAt = instant(bonus["expiresAt"] ?? bonus["expiry"] ?? bonus["bonusExpiry"])
  return {
    name: stringField(bonus, "displayName", "bonusCode", "name") ?? "Bonus",
    used: precise(bonus, "currentUsage") ?? numberField(bonus, "used") ?? 0,
    limit,
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

/** `ENABLED` (or `OVERAGE_ENABLED`) is on; `DISABLED`, `OVERAGE_DISABLED` and all else is off. */
function readOverage(body: JsonObject, entry: JsonObject): UsageQuota["overage"] {
  const configuration = isObject(body["overageConfiguration"]) ? body["overageConfiguration"] : {}
  const status = stringField(configuration, "overageStatus") ?? ""
  const cap = precise(entry, "overageCap")
  const charges = numberField(entry, "overageCharges")
  return {
    enabled: status === "ENABLED" || status === "OVERAGE_ENABLED",
    used: precise(entry, "currentOverages") ?? 0,
    ...(cap !== undefined && { cap }),
    ...(charges !== undefined && { charges }),
  }
}

/** The plain fields are rounded. */
function precise(object: JsonObject, key: string): number | undefined {
  const value = numberField(object, `${key}WithPrecision`, key)
  return value === undefined ? undefined : Math.max(0, value)
}

/** Epoch seconds, often a float, to milliseconds; a value too large for seconds is milliseconds; or an ISO text. */
function instant(value: unknown): number | undefined {
  if (typeof value === "string") {
    const parsed = Date.parse(value)
    return Number.isNaN(parsed) ? undefined : parsed
  }
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) return undefined
  return Math.round(value > 1e11 ? value : value * 1000)
}

function list(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
