import * as z from "zod/mini"
import { catch as otherwise } from "zod/mini"
import { plainName, plausibleInstant, present } from "../json.ts"
import { epochMs, lenient, listOf, record, type RecordOf, text } from "./lenient.ts"

const BUCKET = { used: z.number(), limit: z.number(), expiresAt: lenient(epochMs()) }
const NAMED_BUCKETS = listOf(record({ ...BUCKET, name: otherwise(z.string(), "") }))

/** What is known of an account's credits, as it is kept: with their fractions; instants in epoch ms. */
export const QUOTA = {
  plan: lenient(z.string()),
  used: z.number(),
  limit: z.number(),
  resetAt: lenient(epochMs()),
  /** Only while it is active. */
  trial: lenient(record(BUCKET)),
  bonuses: otherwise(NAMED_BUCKETS, []),
  /** What the service counts beside, by its own name: to be shown, never counted on. */
  others: lenient(NAMED_BUCKETS.check(z.minLength(1))),
  overage: otherwise(
    record({
      enabled: otherwise(z.boolean(), false),
      used: otherwise(z.number(), 0),
      cap: lenient(z.number()),
      charges: lenient(z.number()),
    }),
    { enabled: false, used: 0 },
  ),
}

type UsageQuota = RecordOf<typeof QUOTA>
type UsageBonus = UsageQuota["bonuses"][number]

/** From this share of a limit on its user is told: an account's credits, a day's budget. */
export const HIGH_SHARE = 0.8

/** A plan as people read it: the service shouts, `KIRO PRO+`, or leaves its own name out. */
export function planName(plan: string): string {
  const words = plainName(plan)
    .split(" ")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase())
  return words[0] === "Kiro" ? words.join(" ") : `Kiro ${words.join(" ")}`
}

/** The credits beside those of the plan, each by a name to be shown. */
export function extraCredits(
  { trial, bonuses, others = [] }: UsageQuota,
  now: number,
): readonly UsageBonus[] {
  const extras = [...(trial === undefined ? [] : [{ name: "Trial", ...trial }]), ...bonuses, ...others]
  return extras.filter(({ expiresAt = Infinity }) => expiresAt > now)
}

export interface UsageLimits {
  /** Absent where the answer named no limit. */
  readonly quota?: UsageQuota
  readonly userId?: string
  readonly email?: string
}

const amount = lenient(z.number())
const credits = lenient(
  z.pipe(
    z.number(),
    z.transform((value) => Math.max(0, value)),
  ),
)
const instant = lenient(z.pipe(z.union([z.string(), z.number()]), z.transform(toInstant)))

const trialEntry = z.object({
  freeTrialStatus: text(),
  freeTrialExpiry: instant,
  currentUsage: credits,
  currentUsageWithPrecision: credits,
  usageLimit: credits,
  usageLimitWithPrecision: credits,
})

/** The names of a bonus's fields vary. */
const bonusEntry = z.object({
  status: text(),
  bonusStatus: text(),
  displayName: text(),
  bonusCode: text(),
  name: text(),
  currentUsage: credits,
  currentUsageWithPrecision: credits,
  used: amount,
  usageLimit: credits,
  usageLimitWithPrecision: credits,
  limit: amount,
  amount,
  expiresAt: instant,
  expiry: instant,
  bonusExpiry: instant,
})

const breakdown = z.object({
  resourceType: text(),
  type: text(),
  displayName: text(),
  currentUsage: credits,
  currentUsageWithPrecision: credits,
  usageLimit: credits,
  usageLimitWithPrecision: credits,
  totalUsageLimit: amount,
  currentOverages: credits,
  currentOveragesWithPrecision: credits,
  overageCap: credits,
  overageCapWithPrecision: credits,
  overageCharges: amount,
  nextDateReset: instant,
  freeTrialInfo: lenient(trialEntry),
  bonuses: lenient(listOf(bonusEntry)),
  /** Seen empty only. */
  overageCredits: lenient(listOf(bonusEntry)),
})

const usageAnswer = z.object({
  nextDateReset: instant,
  usageBreakdownList: lenient(listOf(breakdown)),
  usageBreakdown: lenient(breakdown),
  /** The old shape. */
  limits: lenient(listOf(breakdown)),
  overageConfiguration: lenient(z.object({ overageStatus: text() })),
  subscriptionInfo: lenient(z.object({ subscriptionTitle: text(), type: text() })),
  userInfo: lenient(z.object({ userId: text(), email: text() })),
})

type Answer = z.output<typeof usageAnswer>
type Breakdown = z.output<typeof breakdown>

/**
 * Reads an answer of getUsageLimits in each of its shapes: the list of breakdowns, a single one, the old `limits`.
 * `undefined` where the body is no object.
 */
export function readUsageLimits(body: unknown): UsageLimits | undefined {
  const read = usageAnswer.safeParse(body)
  if (!read.success) return undefined
  const { userInfo } = read.data
  return present({ quota: readQuota(read.data), userId: userInfo?.userId, email: userInfo?.email })
}

function readQuota(answer: Answer): UsageQuota | undefined {
  const entry = chooseEntry(answer)
  const limit = entry && limitOf(entry)
  if (entry === undefined || limit === undefined) return undefined
  const { subscriptionInfo } = answer
  return {
    ...present({
      plan: subscriptionInfo?.subscriptionTitle ?? subscriptionInfo?.type,
      resetAt: entry.nextDateReset ?? answer.nextDateReset,
      trial: readTrial(entry.freeTrialInfo),
      others: readOthers(answer, entry),
    }),
    used: usedOf(entry),
    limit,
    bonuses: (entry.bonuses ?? []).flatMap((bonus) => readBonus(bonus)),
    overage: readOverage(answer, entry),
  }
}

/** Credits are what the plans count; an account that has none of that kind shows its first limit. */
function chooseEntry(answer: Answer): Breakdown | undefined {
  const entries = entriesOf(answer)
  const ofKind = (kind: string): Breakdown | undefined => entries.find((entry) => kindOf(entry) === kind)
  return ofKind("CREDIT") ?? ofKind("AGENTIC_REQUEST") ?? entries[0]
}

function entriesOf({ usageBreakdownList, usageBreakdown, limits }: Answer): readonly Breakdown[] {
  const single = usageBreakdown === undefined ? [] : [usageBreakdown]
  return [...(usageBreakdownList ?? []), ...single, ...(limits ?? [])]
}

function kindOf({ resourceType, type }: Breakdown): string {
  return (resourceType ?? type ?? "").toUpperCase()
}

const KNOWN_KINDS: ReadonlySet<string> = new Set(["CREDIT", "AGENTIC_REQUEST", ""])

function readOthers(answer: Answer, chosen: Breakdown): readonly UsageBonus[] | undefined {
  const others = entriesOf(answer).flatMap((entry): UsageBonus[] => {
    const limit = limitOf(entry)
    if (entry === chosen || limit === undefined || KNOWN_KINDS.has(kindOf(entry))) return []
    return [{ name: entry.displayName ?? entry.resourceType ?? entry.type ?? "", used: usedOf(entry), limit }]
  })
  const bought = (chosen.overageCredits ?? []).flatMap((entry) => readBonus(entry, "Bought credits"))
  return others.length + bought.length === 0 ? undefined : [...others, ...bought]
}

function readTrial(trial: Breakdown["freeTrialInfo"]): UsageQuota["trial"] {
  const limit = trial?.usageLimitWithPrecision ?? trial?.usageLimit
  if (trial?.freeTrialStatus !== "ACTIVE" || limit === undefined) return undefined
  return { used: usedOf(trial), limit, ...present({ expiresAt: trial.freeTrialExpiry }) }
}

/** One without a status is taken for active. */
function readBonus(bonus: z.output<typeof bonusEntry>, unnamed = "Bonus"): UsageBonus[] {
  if ((bonus.status ?? bonus.bonusStatus ?? "ACTIVE") !== "ACTIVE") return []
  const limit = bonus.usageLimitWithPrecision ?? bonus.usageLimit ?? bonus.limit ?? bonus.amount
  if (limit === undefined) return []
  return [
    {
      name: bonus.displayName ?? bonus.bonusCode ?? bonus.name ?? unnamed,
      used: bonus.currentUsageWithPrecision ?? bonus.currentUsage ?? bonus.used ?? 0,
      limit,
      ...present({ expiresAt: bonus.expiresAt ?? bonus.expiry ?? bonus.bonusExpiry }),
    },
  ]
}

/** `ENABLED` (or `OVERAGE_ENABLED`) is on; `DISABLED`, `OVERAGE_DISABLED` and all else is off. */
function readOverage({ overageConfiguration }: Answer, entry: Breakdown): UsageQuota["overage"] {
  const status = overageConfiguration?.overageStatus
  return {
    enabled: status === "ENABLED" || status === "OVERAGE_ENABLED",
    used: entry.currentOveragesWithPrecision ?? entry.currentOverages ?? 0,
    ...present({
      cap: entry.overageCapWithPrecision ?? entry.overageCap,
      charges: entry.overageCharges,
    }),
  }
}

function limitOf(entry: Breakdown): number | undefined {
  return entry.usageLimitWithPrecision ?? entry.usageLimit ?? entry.totalUsageLimit
}

/** The plain fields are rounded. */
function usedOf(entry: {
  currentUsageWithPrecision?: number | undefined
  currentUsage?: number | undefined
}): number {
  return entry.currentUsageWithPrecision ?? entry.currentUsage ?? 0
}

/** Epoch seconds, often a float, to milliseconds; a value too large for seconds is milliseconds; or an ISO text. */
function toInstant(value: string | number): number | undefined {
  if (typeof value === "string") return plausibleInstant(Date.parse(value))
  return value > 0 ? plausibleInstant(Math.round(value > 1e11 ? value : value * 1000)) : undefined
}
