import type { FakeAccount } from "./account.ts"

/** What an account may use and has used. Instants are epoch milliseconds; the wire has seconds. */
export interface Usage {
  readonly used: number
  readonly limit: number
  readonly resetAt: number
  readonly plan: "FREE" | "PRO" | "PRO+" | "POWER"
  readonly trial?: { readonly used: number; readonly limit: number; readonly expiresAt: number }
  readonly bonuses?: readonly {
    readonly name: string
    readonly used: number
    readonly limit: number
    readonly expiresAt: number
  }[]
  readonly overage: { readonly enabled: boolean; readonly used: number; readonly cap: number }
}

/** It starts again with a month, and not within the next two days: until when is told in another way then. */
export function freePlan(now: number): Usage {
  const soon = new Date(now + 2 * 24 * 3_600_000)
  return {
    used: 12.37,
    limit: 50,
    resetAt: Date.UTC(soon.getUTCFullYear(), soon.getUTCMonth() + 1, 1),
    plan: "FREE",
    overage: { enabled: false, used: 0, cap: 10_000 },
  }
}

/** Nothing of limit, trial and bonuses is left, and no overage is allowed. */
export function isExhausted(usage: Usage, now: number): boolean {
  const shares = [usage, usage.trial, ...(usage.bonuses ?? [])]
  const left = shares.map((share) => {
    if (share === undefined || ("expiresAt" in share && share.expiresAt <= now)) return 0
    return Math.max(0, share.limit - share.used)
  })
  return !usage.overage.enabled && left.every((amount) => amount === 0)
}

const SUBSCRIPTION_TYPES = {
  FREE: "Q_DEVELOPER_STANDALONE_FREE",
  PRO: "Q_DEVELOPER_STANDALONE_PRO",
  "PRO+": "Q_DEVELOPER_STANDALONE_PRO_PLUS",
  POWER: "Q_DEVELOPER_STANDALONE_POWER",
} as const

/** The document of GetUsageLimits. The integers are rounded, as at the service. */
export function usageDocument(account: FakeAccount, options: { readonly withEmail: boolean }): unknown {
  const { usage } = account
  const reset = seconds(usage.resetAt)
  return {
    daysUntilReset: 0,
    nextDateReset: reset,
    limits: [],
    usageBreakdown: null,
    usageBreakdownList: [
      {
        resourceType: "CREDIT",
        displayName: "Credit",
        displayNamePlural: "Credits",
        ...amounts(usage.used, usage.limit),
        currentOverages: Math.floor(usage.overage.used),
        currentOveragesWithPrecision: usage.overage.used,
        unit: "INVOCATIONS",
        currency: "USD",
        overageCharges: usage.overage.used * 0.04,
        overageRate: 0.04,
        overageCap: usage.overage.cap,
        overageCapWithPrecision: usage.overage.cap,
        nextDateReset: reset,
        freeTrialInfo: usage.trial && {
          freeTrialStatus: "ACTIVE",
          freeTrialExpiry: seconds(usage.trial.expiresAt),
          ...amounts(usage.trial.used, usage.trial.limit),
        },
        bonuses: (usage.bonuses ?? []).map((bonus) => ({
          bonusCode: bonus.name.toUpperCase(),
          displayName: bonus.name,
          status: "ACTIVE",
          currentUsage: bonus.used,
          usageLimit: bonus.limit,
          expiresAt: seconds(bonus.expiresAt),
        })),
        overageCredits: [],
      },
    ],
    overageConfiguration: { overageStatus: usage.overage.enabled ? "ENABLED" : "DISABLED" },
    subscriptionInfo: {
      type: SUBSCRIPTION_TYPES[usage.plan],
      subscriptionTitle: `KIRO ${usage.plan}`,
      upgradeCapability: "UPGRADE_CAPABLE",
      overageCapability: usage.plan === "FREE" ? "OVERAGE_INCAPABLE" : "OVERAGE_CAPABLE",
      subscriptionManagementTarget: usage.plan === "FREE" ? "PURCHASE" : "MANAGE",
    },
    userInfo: { userId: account.userId, email: options.withEmail ? account.email : null },
  }
}

const seconds = (instant: number): number => instant / 1000

function amounts(used: number, limit: number): object {
  return {
    currentUsage: Math.floor(used),
    currentUsageWithPrecision: used,
    usageLimit: Math.floor(limit),
    usageLimitWithPrecision: limit,
  }
}
