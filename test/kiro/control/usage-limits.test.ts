import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { planName, readUsageLimits } from "../../../src/kiro/index.ts"

const BREAKDOWN = {
  resourceType: "CREDIT",
  currentUsage: 12,
  currentUsageWithPrecision: 12.37,
  currentOverages: 0,
  currentOveragesWithPrecision: 0.25,
  usageLimit: 50,
  usageLimitWithPrecision: 50,
  overageCharges: 1.5,
  overageCap: 10_000,
  nextDateReset: 1.7698176e9,
  freeTrialInfo: {
    freeTrialStatus: "ACTIVE",
    freeTrialExpiry: 1.769e9,
    currentUsage: 120,
    currentUsageWithPrecision: 120.44,
    usageLimit: 500,
  },
  bonuses: [
    {
      bonusCode: "WELCOME",
      displayName: "Welcome bonus",
      status: "ACTIVE",
      currentUsage: 0,
      usageLimit: 100,
      expiresAt: 1.771e9,
    },
    { bonusCode: "OLD", status: "EXPIRED", currentUsage: 1, usageLimit: 100 },
  ],
}

const ANSWER = {
  nextDateReset: 1,
  usageBreakdownList: [{ resourceType: "VIBE", usageLimit: 1 }, BREAKDOWN],
  overageConfiguration: { overageStatus: "ENABLED" },
  subscriptionInfo: { type: "Q_DEVELOPER_STANDALONE_FREE", subscriptionTitle: "KIRO FREE" },
  userInfo: { userId: "d-1.2", email: "user@example.com" },
}

const quota = (body: unknown) => readUsageLimits(body)?.quota

describe("reading usage limits", () => {
  it("keeps the fractions, and turns seconds into milliseconds", () => {
    assert.deepEqual(readUsageLimits(ANSWER), {
      userId: "d-1.2",
      email: "user@example.com",
      quota: {
        plan: "KIRO FREE",
        used: 12.37,
        limit: 50,
        resetAt: 1_769_817_600_000,
        trial: { used: 120.44, limit: 500, expiresAt: 1_769_000_000_000 },
        bonuses: [{ name: "Welcome bonus", used: 0, limit: 100, expiresAt: 1_771_000_000_000 }],
        others: [{ name: "VIBE", used: 0, limit: 1 }],
        overage: { enabled: true, used: 0.25, cap: 10_000, charges: 1.5 },
      },
    })
  })

  it("takes no credits for less than none", () => {
    const entry = { ...BREAKDOWN, currentUsageWithPrecision: -3, currentOveragesWithPrecision: -1 }
    const { used, overage } = quota({ usageBreakdown: entry }) ?? {}
    assert.deepEqual([used, overage?.used], [0, 0])
  })

  it("counts a trial only while it is active", () => {
    const freeTrialInfo = { ...BREAKDOWN.freeTrialInfo, freeTrialStatus: "EXPIRED" }
    assert.equal(quota({ usageBreakdownList: [{ ...BREAKDOWN, freeTrialInfo }] })?.trial, undefined)
  })

  it("knows each word for overage that is off", () => {
    for (const overageStatus of ["DISABLED", "OVERAGE_DISABLED", "", null])
      assert.equal(quota({ ...ANSWER, overageConfiguration: { overageStatus } })?.overage.enabled, false)
    assert.equal(quota({ ...ANSWER, overageConfiguration: null })?.overage.enabled, false)
  })

  it("knows each word for overage that is on", () => {
    for (const overageStatus of ["ENABLED", "OVERAGE_ENABLED"])
      assert.equal(quota({ ...ANSWER, overageConfiguration: { overageStatus } })?.overage.enabled, true)
  })

  it("takes a single breakdown, and the old shape", () => {
    assert.equal(quota({ usageBreakdown: BREAKDOWN, usageBreakdownList: null })?.used, 12.37)
    const old = {
      limits: [{ type: "AGENTIC_REQUEST", currentUsage: 7, totalUsageLimit: 1000, percentUsed: 0.7 }],
    }
    assert.deepEqual([quota(old)?.used, quota(old)?.limit], [7, 1000])
  })

  it("counts credits before requests, those before anything else, and neither beside itself", () => {
    const [vibe, requests, credits] = ["VIBE", "AGENTIC_REQUEST", "CREDIT"].map((resourceType, used) => ({
      resourceType,
      currentUsage: used,
      usageLimit: 10,
    }))
    const read = (usageBreakdownList: readonly unknown[]) => {
      const { used, others = [] } = quota({ usageBreakdownList }) ?? {}
      return [used, others.map(({ name }) => name)]
    }
    assert.deepEqual(read([vibe, requests, credits]), [2, ["VIBE"]])
    assert.deepEqual(read([vibe, requests]), [1, ["VIBE"]])
    assert.deepEqual(read([vibe]), [0, []])
    const inBothShapes = { usageBreakdownList: [credits], usageBreakdown: { ...credits } }
    assert.equal(quota(inBothShapes)?.others, undefined)
  })

  it("shows credits that were bought beside the plan's, by their name where they have one", () => {
    const overageCredits = [
      { displayName: "Add-on", currentUsageWithPrecision: 1.5, usageLimit: 100 },
      { used: 0, limit: 20, expiresAt: 1.771e9 },
      { displayName: "Used up", status: "EXPIRED", usageLimit: 5 },
    ]
    const read = quota({ usageBreakdownList: [{ ...BREAKDOWN, overageCredits }] })
    assert.deepEqual(read?.others, [
      { name: "Add-on", used: 1.5, limit: 100 },
      { name: "Bought credits", used: 0, limit: 20, expiresAt: 1_771_000_000_000 },
    ])
    assert.equal(read?.bonuses.length, quota({ usageBreakdownList: [BREAKDOWN] })?.bonuses.length)
  })

  it("takes the reset of the credits before that of the whole answer", () => {
    const body = { nextDateReset: 1_769_900_000_000, usageBreakdownList: [BREAKDOWN] }
    assert.equal(quota(body)?.resetAt, 1_769_817_600_000)
  })

  it("falls back to the reset of the whole answer", () => {
    const { nextDateReset: _, ...entry } = BREAKDOWN
    const body = { nextDateReset: 1_769_817_600_000, usageBreakdownList: [entry] }
    assert.equal(quota(body)?.resetAt, 1_769_817_600_000)
    assert.equal(quota({ usageBreakdownList: [entry] })?.resetAt, undefined)
  })

  it("learns the user where no limit is named", () => {
    assert.deepEqual(readUsageLimits({ limits: [], userInfo: { userId: "d-1.2", email: null } }), {
      userId: "d-1.2",
    })
  })

  it("is nothing where the body is no answer", () => {
    for (const body of [undefined, null, "x", []]) assert.equal(readUsageLimits(body), undefined)
    for (const body of [{}, { usageBreakdownList: [{}, 3] }, { limits: "x" }])
      assert.deepEqual(readUsageLimits(body), {})
  })
})

describe("the name of a plan", () => {
  it("is Kiro's own, not shouted, and nothing that a terminal obeys", () => {
    for (const [plan, name] of [
      ["KIRO PRO+", "Kiro Pro+"],
      ["Kiro Pro Max", "Kiro Pro Max"],
      ["POWER", "Kiro Power"],
      ["KIRO \u001B[2JFREE", "Kiro Free"],
    ] as const)
      assert.equal(planName(plan), name)
  })
})
