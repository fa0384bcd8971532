import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type Account,
  type ChoiceState,
  type Health,
  newAccount,
  type Quota,
  selectAccount,
  type SelectionPolicy,
} from "../../src/accounts/index.ts"
import { present } from "../../src/json.ts"
import { idcLogin, keyLogin } from "./logins.ts"

const NOW = Date.UTC(2026, 10, 24)

function account(id: string, change: Partial<Account> = {}): Account {
  return { ...newAccount({ id, now: 0, logins: [idcLogin({ id })] }), ...change }
}

function quota(used: number, limit: number, change: Partial<Quota> = {}): Quota {
  return { checkedAt: NOW - 1000, used, limit, bonuses: [], overage: { enabled: false, used: 0 }, ...change }
}

function select(
  accounts: readonly Account[],
  change: Partial<SelectionPolicy & Omit<ChoiceState, "accounts">> = {},
): {
  readonly id?: string
  readonly paid?: boolean
  readonly kept?: boolean
  readonly why?: readonly string[]
  readonly freeAt?: number
} {
  const { accountId, chosenAccountId, spent = () => 0, ...policy } = change
  const choice = selectAccount(
    { accounts, spent, ...present({ accountId, chosenAccountId }) },
    { strategy: "lowest-usage", useOverage: true, now: NOW, ...policy },
  )
  if (choice.account === undefined && choice.freeAt !== undefined) return { freeAt: choice.freeAt }
  if (choice.account === undefined)
    return { why: choice.unavailable.map(({ account: { id: each }, reason }) => `${each} ${reason}`) }
  return { id: choice.account.id, paid: choice.paid, kept: choice.kept }
}

const cooling: Health = { state: "cooling", since: 0, until: NOW + 1, reason: "throttled", times: 1 }
const paying = { overage: { enabled: true, used: 0 } }

describe("the account that the user prefers for new conversations", () => {
  const [full, empty] = [account("full", { quota: quota(0, 50) }), account("empty", { quota: quota(40, 50) })]

  it("comes before that of the strategy, and never into a conversation that has one", () => {
    assert.equal(select([full, empty], { preferredAccountId: "empty" }).id, "empty")
    assert.equal(select([full, empty], { preferredAccountId: "empty", accountId: "full" }).id, "full")
  })

  it("gives way where it can't serve, or would cost money", () => {
    const cooled = account("cooled", { health: cooling })
    assert.equal(select([full, cooled], { preferredAccountId: "cooled" }).id, "full")
    const paid = account("paid", { quota: quota(50, 50, paying) })
    assert.equal(select([full, paid], { preferredAccountId: "paid" }).id, "full")
    assert.equal(select([full], { preferredAccountId: "gone" }).id, "full")
  })
})

describe("lowest-usage", () => {
  it("takes the account with the most remaining share of its limit, not the most credits", () => {
    const [large, small] = [
      account("large", { quota: quota(600, 1000) }),
      account("small", { quota: quota(5, 50) }),
    ]
    assert.equal(select([large, small]).id, "small")
  })

  it("counts free trial and bonuses that have not ended", () => {
    const plain = account("plain", { quota: quota(20, 50) })
    const trial = { used: 0, limit: 500, expiresAt: NOW + 1 }
    assert.equal(select([plain, account("trial", { quota: quota(50, 50, { trial }) })]).id, "trial")
    const ended = { ...trial, expiresAt: NOW }
    assert.equal(select([plain, account("ended", { quota: quota(50, 50, { trial: ended }) })]).id, "plain")
    const bonuses = [{ name: "b", used: 0, limit: 500 }]
    assert.equal(select([plain, account("bonus", { quota: quota(50, 50, { bonuses }) })]).id, "bonus")
  })

  it("counts the credits of our own turns since the usage call", () => {
    const accounts = [account("a", { quota: quota(10, 50) }), account("b", { quota: quota(11, 50) })]
    assert.equal(select(accounts).id, "a")
    assert.equal(select(accounts, { spent: ({ id }) => (id === "a" ? 2 : 0) }).id, "b")
  })

  it("takes an unknown usage neither for none nor for all", () => {
    const unknown = account("unknown")
    assert.equal(select([unknown, account("fresh", { quota: quota(0, 50) })]).id, "fresh")
    assert.equal(select([unknown, account("nearly", { quota: quota(45, 50) })]).id, "unknown")
  })

  it("takes a usage from before the reset for unknown", () => {
    const stale = account("stale", { quota: quota(50, 50, { resetAt: NOW - 1, checkedAt: NOW - 1000 }) })
    assert.equal(select([stale]).id, "stale")
    assert.equal(select([stale, account("fresh", { quota: quota(0, 50) })]).id, "fresh")
  })

  it("leaves a reserve to each while another is above its own, and no longer", () => {
    const low = account("low", { quota: quota(46, 50), assignment: 1 })
    const lower = account("lower", { quota: quota(47, 50), assignment: 0 })
    const high = account("high", { quota: quota(20, 50), assignment: 2 })
    const policy = { strategy: "round-robin", reserve: 10 } as const
    assert.equal(select([low, lower, high], policy).id, "high")
    assert.equal(select([low, lower], policy).id, "lower")
    const exact = account("exact", { quota: quota(45, 50), assignment: 0 })
    assert.equal(select([exact, high], policy).id, "high")
    assert.equal(select([low, high], { ...policy, accountId: "low" }).id, "low")
  })

  it("takes turns where the shares are equal", () => {
    assert.equal(select([account("a", { assignment: 2 }), account("b", { assignment: 1 })]).id, "b")
  })
})

describe("round-robin and sticky", () => {
  const accounts = [
    account("a", { assignment: 3 }),
    account("b", { assignment: 1 }),
    account("c", { assignment: 2 }),
  ]

  it("give the next account, or the last one, to a new conversation", () => {
    assert.equal(select(accounts, { strategy: "round-robin" }).id, "b")
    assert.equal(select(accounts, { strategy: "sticky" }).id, "a")
  })

  it("pass over the one that can't serve", () => {
    const parked = accounts.map((each) => (each.id === "c" ? each : { ...each, health: cooling }))
    assert.equal(select(parked, { strategy: "round-robin" }).id, "c")
    assert.equal(select(parked, { strategy: "sticky" }).id, "c")
  })
})

describe("a conversation", () => {
  for (const strategy of ["sticky", "round-robin", "lowest-usage"] as const)
    it(`keeps its account by ${strategy} until that can't serve`, () => {
      const own = account("own", { quota: quota(49, 50), assignment: 9 })
      const other = account("other", { quota: quota(0, 50) })
      assert.deepEqual(select([own, other], { strategy, accountId: "own" }), {
        id: "own",
        kept: true,
        paid: false,
      })
      const failed = { strategy, accountId: "own", excluded: new Set(["own"]) }
      assert.deepEqual(select([own, other], failed), { id: "other", kept: false, paid: false })
      assert.equal(select([{ ...own, health: cooling }, other], { strategy, accountId: "own" }).id, "other")
    })

  it("leaves its account when that begins to cost money and another does not", () => {
    const own = account("own", { quota: quota(50, 50, paying) })
    assert.equal(select([own, account("free")], { accountId: "own" }).id, "free")
    assert.deepEqual(select([own], { accountId: "own" }), { id: "own", kept: true, paid: true })
  })
})

describe("an account", () => {
  it("is not tried when it is exhausted, parked, revoked, disabled, logged out, excluded or lacks the model", () => {
    const revoked = { ...idcLogin({ id: "out" }), revoked: { at: 1, reason: "x" } }
    const accounts = [
      account("empty", { quota: quota(50, 50) }),
      account("parked", { health: cooling }),
      account("locked", { health: { state: "revoked", since: 0, reason: "suspended" } }),
      account("off", { enabled: false }),
      account("out", { logins: [revoked] }),
      account("kept", { logins: [revoked, { ...idcLogin({ id: "held" }), barred: "held" }] }),
      account("tried"),
      account("small"),
    ]
    const policy = { excluded: new Set(["tried"]), lacksModel: ({ id }: Account) => id === "small" }
    assert.deepEqual(select(accounts, policy).why, [
      "empty monthly-quota",
      "parked throttled",
      "locked suspended",
      "off disabled",
      "out login-expired",
      "kept held",
      "tried excluded",
      "small lacks-model",
    ])
  })

  it("says when its credits start again", () => {
    const choice = selectAccount(
      { accounts: [account("a", { quota: quota(50, 50, { resetAt: NOW + 5 }) })] },
      { strategy: "sticky", useOverage: true, now: NOW },
    )
    const [entry] = choice.account === undefined ? choice.unavailable : []
    assert.deepEqual([entry?.reason, entry?.until], ["monthly-quota", NOW + 5])
  })

  it("waits for no reset that is further away than a month of a plan may be, but for the next month", () => {
    const resetAt = Date.UTC(2028, 0, 1)
    const nextMonth = Date.UTC(2026, 11, 1)
    const accounts = [account("a", { quota: quota(50, 50, { resetAt }) })]
    const choice = selectAccount({ accounts }, { strategy: "sticky", useOverage: true, now: NOW })
    assert.equal(choice.account === undefined ? choice.unavailable[0]?.until : 0, nextMonth)
    assert.equal(select(accounts, { now: nextMonth }).id, "a")
  })

  it("returns when its cool-down is over", () => {
    assert.equal(select([account("a", { health: { ...cooling, until: NOW } })]).id, "a")
  })

  it("is tried where the service names no limit at all", () => {
    assert.equal(select([account("a", { quota: quota(0, 0) })]).id, "a")
  })

  it("is used beyond its limit only after all others, and never where that is switched off", () => {
    const paid = account("paid", { quota: quota(50, 50, paying) })
    const byKey = account("key", { logins: [keyLogin("key")] })
    assert.equal(select([paid, byKey]).id, "key")
    assert.deepEqual(select([paid]), { id: "paid", kept: false, paid: true })
    assert.deepEqual(select([paid], { useOverage: false }).why, ["paid monthly-quota"])
    const capped = { overage: { enabled: true, used: 10, cap: 10 } }
    assert.deepEqual(select([account("capped", { quota: quota(50, 50, capped) })]).why, [
      "capped monthly-quota",
    ])
  })

  it("is used beyond its limit only where no free one is worth waiting for, unless it is the user's wish", () => {
    const paid = account("paid", { quota: quota(50, 50, paying) })
    const short = account("short", { health: { ...cooling, until: NOW + 900 } })
    const both = [paid, short, account("long", { health: { ...cooling, until: NOW + 1100 } })]
    const patient = { patienceMs: 1000 }
    assert.deepEqual(select(both, patient), { freeAt: NOW + 900 })
    assert.deepEqual(select(both, { ...patient, accountId: "paid" }), { freeAt: NOW + 900 })
    assert.equal(select(both, { patienceMs: 899 }).id, "paid")
    assert.equal(select(both, { ...patient, excluded: new Set(["short"]) }).id, "paid")
    assert.equal(select(both, { ...patient, chosenAccountId: "paid" }).id, "paid")
    assert.equal(select(both, { ...patient, projectRule: { account: "paid" } }).id, "paid")
    assert.equal(select([account("free"), short], patient).id, "free")
    // Its credits come back by themselves: there is nothing that could be waited for.
    const over = { ...cooling, until: NOW - 1 }
    const renewed = account("renewed", {
      health: over,
      quota: quota(50, 50, { ...paying, resetAt: NOW + 900 }),
    })
    assert.equal(select([paid, renewed], patient).paid, true)
  })

  it("of KIRO_API_KEY comes after the logged-in ones", () => {
    const byKey = account("key", { logins: [keyLogin("key")], quota: quota(0, 50) })
    assert.equal(select([byKey, account("own", { quota: quota(40, 50) })]).id, "own")
    assert.equal(select([byKey, account("own", { health: cooling })]).id, "key")
  })
})
