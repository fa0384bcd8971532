import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type Account,
  type AccountState,
  afterChoiceWanted,
  afterFailure,
  afterLoginRefused,
  afterSuccess,
  afterUsage,
  chooseProfile,
  disableAccount,
  enableAccount,
  type Health,
  newAccount,
  type Quota,
  recordOf,
  stateOf,
  wantsProfile,
} from "../../src/accounts/index.ts"
import type { FailureKind, KiroFailure } from "../../src/kiro/index.ts"
import { idcLogin, keyLogin, tokens } from "./logins.ts"

const NOW = Date.UTC(2026, 10, 24, 15, 30)
const ACT = { now: NOW, actedAt: NOW }
const context = { now: NOW, throttleDelayMs: 5000, random: 0 }

function account(change: Partial<Account> = {}): Account {
  return { ...newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }), ...change }
}

function failure(kind: FailureKind, rest: Partial<KiroFailure> = {}): KiroFailure {
  return { kind, status: 429, message: "said the service", ...rest }
}

function quota(change: Partial<Quota> = {}): Quota {
  return { checkedAt: NOW, used: 10, limit: 50, bonuses: [], overage: { enabled: false, used: 0 }, ...change }
}

const cooling = (change: Partial<Extract<Health, { state: "cooling" }>> = {}): Health => ({
  state: "cooling",
  since: NOW - 1000,
  until: NOW + 1000,
  reason: "throttled",
  times: 1,
  ...change,
})
const suspended: Health = { state: "revoked", since: NOW - 1000, reason: "suspended" }
const loggedOut: Health = { state: "revoked", since: NOW - 1000, reason: "login-expired" }

/** The cool-down that a failure begins, as its end relative to now; undefined where it begins none. */
function parkedFor(before: Account, said: KiroFailure): number | undefined {
  const { health } = afterFailure(before, said, context)
  return health.state === "cooling" ? health.until - NOW : undefined
}

describe("a failure", () => {
  it("parks an account without credits until the reset that the usage call named", () => {
    const resetAt = NOW + 86_400_000 * 3
    for (const kind of ["monthly-quota", "overage-limit"] as const)
      assert.equal(parkedFor(account({ quota: quota({ resetAt }) }), failure(kind)), resetAt - NOW)
  })

  it("parks it for a day where the reset is missing, past or too far ahead", () => {
    const day = 86_400_000
    assert.equal(parkedFor(account(), failure("monthly-quota")), day)
    assert.equal(parkedFor(account({ quota: quota({ resetAt: NOW - 1 }) }), failure("monthly-quota")), day)
    const far = quota({ resetAt: NOW + 41 * day })
    assert.equal(parkedFor(account({ quota: far }), failure("monthly-quota")), day)
  })

  it("parks for a daily limit until the next day, or the named reset where that is sooner", () => {
    const nextDay = Date.UTC(2026, 10, 25) - NOW
    assert.equal(parkedFor(account(), failure("daily-quota")), nextDay)
    assert.equal(
      parkedFor(account({ quota: quota({ resetAt: NOW + 60_000 }) }), failure("daily-quota")),
      60_000,
    )
  })

  it("parks for a throttle as long as the service says, else for the configured delay", () => {
    assert.equal(parkedFor(account(), failure("throttled", { retryAfterMs: 1234 })), 1234)
    assert.equal(parkedFor(account(), failure("throttled")), 5000)
    assert.equal(parkedFor(account(), failure("throttled", { retryAfterMs: 1e12 })), 86_400_000)
  })

  it("doubles and jitters the cool-down of throttles that follow each other, up to five minutes", () => {
    const after = (times: number, until = NOW - 1): Account => account({ health: cooling({ times, until }) })
    assert.equal(parkedFor(after(1), failure("throttled")), 10_000)
    assert.equal(parkedFor(after(2), failure("throttled")), 20_000)
    assert.equal(parkedFor(after(30), failure("throttled")), 300_000)
    assert.equal(parkedFor(after(3, NOW - 600_000), failure("throttled")), 5000)
    const jittered = afterFailure(account(), failure("throttled"), { ...context, random: 0.8 }).health
    assert.equal(jittered.state === "cooling" && jittered.until - NOW, 6000)
  })

  it("that leaves a choice of profiles open takes no lock away", () => {
    const choice = { profiles: ["arn:1", "arn:2"], now: NOW }
    for (const health of [suspended, loggedOut])
      assert.equal(afterChoiceWanted(account({ health }), choice).health, health)
  })

  it("keeps all else that is known of the account, and a choice of profiles that is open", () => {
    const work = account({ label: "work", profileArn: "arn:1" })
    for (const after of [
      afterFailure(work, failure("throttled"), context),
      afterFailure(work, failure("suspended"), context),
      afterChoiceWanted(work, { profiles: ["arn:1", "arn:2"], now: NOW }),
    ])
      assert.deepEqual({ ...after, health: work.health }, work)
    const open = afterChoiceWanted(account(), { profiles: ["arn:1", "arn:2"], now: NOW })
    assert.equal(open.health.state === "cooling" && open.health.until, NOW + 10 * 60_000)
    const again = afterFailure(open, failure("not-authorized"), context)
    assert.deepEqual(again.health.state === "cooling" && again.health.profiles, ["arn:1", "arn:2"])
    assert.equal(parkedFor(account(), failure("not-authorized")), 10 * 60_000)
  })

  it("that the service repeats of a suspended account leaves what it said first", () => {
    const again = afterFailure(account({ health: suspended }), failure("suspended"), context)
    assert.equal(again.health, suspended)
  })

  it("parks at the end of a month no longer than until the next one, where nobody names a reset", () => {
    const now = Date.UTC(2026, 10, 30, 20)
    const { health } = afterFailure(account(), failure("monthly-quota"), { ...context, now })
    assert.equal(health.state === "cooling" && health.until, Date.UTC(2026, 11, 1))
  })

  it("of another kind than the last one is the first of its own", () => {
    const before = account({ health: cooling({ reason: "not-authorized", times: 3, until: NOW - 1 }) })
    assert.equal(parkedFor(before, failure("throttled")), 5000)
  })

  it("does not count a parallel refusal of a parked account as one more", () => {
    const { health } = afterFailure(account({ health: cooling() }), failure("throttled"), context)
    assert.equal(health.state === "cooling" && health.times, 1)
  })

  it("parks for a wrong profile, and a better choice of the user ends that", () => {
    const parked = afterFailure(account(), failure("not-authorized"), context)
    assert.equal(parked.health.state, "cooling")
    assert.deepEqual(chooseProfile(parked, "arn:x").health, { state: "ok" })
    assert.equal(chooseProfile(account({ health: cooling() }), "arn:x").health.state, "cooling")
  })

  it("revokes a suspended account, with the service's words", () => {
    assert.deepEqual(afterFailure(account({ health: cooling() }), failure("suspended"), context).health, {
      state: "revoked",
      since: NOW,
      reason: "suspended",
      message: "said the service",
    })
  })

  it("does not turn what needs a person into a cool-down", () => {
    for (const health of [suspended, loggedOut])
      for (const kind of ["throttled", "monthly-quota", "not-authorized"] as const)
        assert.equal(afterFailure(account({ health }), failure(kind), context).health, health)
  })

  it("changes nothing where no account is to blame", () => {
    const kinds: FailureKind[] = [
      "capacity",
      "service-error",
      "network",
      "timeout",
      "input-too-long",
      "malformed-request",
    ]
    for (const kind of kinds) {
      const before = account()
      assert.equal(afterFailure(before, failure(kind), context), before, kind)
    }
  })
})

describe("a refused login", () => {
  const two = account({ logins: [idcLogin({ id: "l" }), idcLogin({ id: "m" })] })

  it("revokes the account only when all its logins are refused", () => {
    const one = afterLoginRefused(two, { loginId: "l", reason: "invalid_grant", now: NOW })
    assert.deepEqual(one.health, { state: "ok" })
    assert.deepEqual(one.logins[0]?.revoked, { at: NOW, reason: "invalid_grant" })
    const both = afterLoginRefused(one, { loginId: "m", reason: "invalid_grant", now: NOW })
    assert.equal(both.health.state === "revoked" && both.health.reason, "login-expired")
  })

  it("is what is told of an account that has no other, also where nothing else is held against it", () => {
    const revoked = { at: 1, reason: "invalid_grant" }
    const left = account({ logins: [{ ...idcLogin({ id: "l" }), revoked }] })
    assert.deepEqual(stateOf(left, { now: NOW, useOverage: true }), { reason: "login-expired" })
    const other = { ...left, logins: [...left.logins, idcLogin({ id: "m" })] }
    assert.deepEqual(stateOf(other, { now: NOW, useOverage: true }), { reason: "ready" })
    const held = { ...left, logins: [...left.logins, { ...idcLogin({ id: "m" }), barred: "held" as const }] }
    assert.deepEqual(stateOf(held, { now: NOW, useOverage: true }), { reason: "held" })
  })

  it("is called by its kind where it was a key", () => {
    const { health } = afterLoginRefused(account({ logins: [keyLogin("l")] }), {
      loginId: "l",
      reason: "x",
      now: NOW,
    })
    assert.equal(health.state === "revoked" && health.reason, "api-key-refused")
  })

  it("of a key beside a login that has ended asks for that login", () => {
    const ended = { ...idcLogin({ id: "l" }), revoked: { at: 1, reason: "x" } }
    const both = account({ logins: [keyLogin("k"), ended] })
    const { health } = afterLoginRefused(both, { loginId: "k", reason: "no", now: NOW })
    assert.equal(health.state === "revoked" && health.reason, "login-expired")
  })

  it("does not take the place of a suspension", () => {
    const refused = afterLoginRefused(account({ health: suspended }), { loginId: "l", reason: "x", now: NOW })
    assert.equal(refused.health, suspended)
  })
})

describe("a good answer", () => {
  const success = { loginId: "l", startedAt: NOW - 500, now: NOW }

  it("ends a cool-down that was there before its request", () => {
    assert.deepEqual(afterSuccess(account({ health: cooling() }), success).health, { state: "ok" })
  })

  it("does not end what a parallel request learned since", () => {
    const health = cooling({ since: NOW - 100, reason: "monthly-quota" })
    assert.equal(afterSuccess(account({ health }), success).health, health)
  })

  it("brings a logged-out account and its login back", () => {
    const login = { ...idcLogin({ id: "l" }), revoked: { at: 1, reason: "x" } }
    const back = afterSuccess(account({ health: loggedOut, logins: [login] }), success)
    assert.deepEqual(back.health, { state: "ok" })
    assert.equal(back.logins[0]?.revoked, undefined)
  })

  it("proves its login and says when it was, however lately the account was used", () => {
    const login = { ...idcLogin({ id: "l" }), revoked: { at: 1, reason: "x" } }
    const used = (agoMs: number): Account => account({ logins: [login], lastUsedAt: NOW - agoMs })
    assert.equal(afterSuccess(used(1000), success).logins[0]?.revoked, undefined)
    assert.equal(afterSuccess(account({ lastUsedAt: NOW - 60_000 }), success).lastUsedAt, NOW)
    const health = cooling({ since: success.startedAt })
    assert.equal(afterSuccess(account({ health }), success).health, health)
  })

  it("never ends a suspension", () => {
    assert.equal(afterSuccess(account({ health: suspended }), success).health, suspended)
  })

  it("is no change where it says nothing new", () => {
    const before = account({ lastUsedAt: NOW - 1000 })
    assert.equal(afterSuccess(before, success), before)
    assert.equal(afterSuccess(account(), success).lastUsedAt, NOW)
  })
})

describe("a usage answer", () => {
  it("ends a quota cool-down where it shows room", () => {
    for (const reason of ["monthly-quota", "daily-quota", "overage-limit"] as const)
      assert.deepEqual(afterUsage(account({ health: cooling({ reason }) }), quota(), NOW).health, {
        state: "ok",
      })
  })

  it("ends it where overage was switched on", () => {
    const enabled = quota({ used: 50, overage: { enabled: true, used: 0 } })
    const parked = account({ health: cooling({ reason: "monthly-quota" }) })
    assert.deepEqual(afterUsage(parked, enabled, NOW).health, { state: "ok" })
  })

  it("keeps it where there is no room, where the answer is older, and where it is not about credits", () => {
    const stays = (reason: "monthly-quota" | "throttled" | "not-authorized", answer: Quota): void => {
      const health = cooling({ reason })
      const after = afterUsage(account({ health }), answer, NOW)
      assert.equal(after.health, health)
      assert.equal(after.quota, answer)
    }
    stays("monthly-quota", quota({ used: 50 }))
    stays("monthly-quota", quota({ used: 50, overage: { enabled: true, used: 9, cap: 9 } }))
    stays("monthly-quota", quota({ checkedAt: NOW - 2000 }))
    stays("throttled", quota())
    stays("not-authorized", quota())
  })

  it("moves the end of a cool-down to the reset that it names, of which nobody knew", () => {
    const resetAt = NOW + 86_400_000 * 3
    const answer = quota({ used: 50, resetAt })
    for (const reason of ["monthly-quota", "overage-limit"] as const) {
      const health = cooling({ reason })
      assert.deepEqual(afterUsage(account({ health }), answer, NOW).health, { ...health, until: resetAt })
    }
    const daily = cooling({ reason: "daily-quota" })
    assert.equal(afterUsage(account({ health: daily }), answer, NOW).health, daily)
  })

  it("ends no suspension and no logout", () => {
    for (const health of [suspended, loggedOut])
      assert.equal(afterUsage(account({ health }), quota(), NOW).health, health)
  })
})

describe("the user", () => {
  it("ends a suspension by enabling, and nothing else does by itself", () => {
    assert.deepEqual(enableAccount(disableAccount(account({ health: suspended }), NOW), ACT).health, {
      state: "ok",
    })
    assert.equal(stateAt(NOW + 1e12, suspended).reason, "suspended")
  })

  it("tries a refused API key again once the user says so", () => {
    const key = keyLogin("k")
    const refused = afterLoginRefused(account({ logins: [key] }), { loginId: "k", reason: "no", now: NOW })
    assert.equal(refused.health.state, "revoked")
    const { health, logins } = enableAccount(refused, ACT)
    assert.deepEqual([health, logins], [{ state: "ok" }, [key]])
  })

  it("ends by enabling what a user can end: not the want of credits, nor an open choice", () => {
    const enabled = (health: ReturnType<typeof cooling>) =>
      enableAccount(account({ health, enabled: false }), ACT)
    for (const reason of ["throttled", "not-authorized"] as const)
      assert.deepEqual(enabled(cooling({ reason })).health, { state: "ok" })
    const kept = [
      cooling({ reason: "monthly-quota" }),
      cooling({ reason: "daily-quota" }),
      cooling({ reason: "not-authorized", profiles: ["arn:1", "arn:2"] }),
    ]
    for (const health of kept) {
      assert.equal(enabled(health).health, health)
      assert.equal(enabled(health).enabled, true)
    }
  })

  it("keeps by an act of theirs what else the account remembers, and a login that has ended as it is", () => {
    const record = { joined: ["b"], actedAt: 1 }
    for (const after of [enableAccount(account({ record }), ACT), disableAccount(account({ record }), NOW)])
      assert.deepEqual(after.record, { joined: ["b"], actedAt: NOW })
    assert.equal(enableAccount(account({ health: loggedOut }), ACT).health, loggedOut)
  })

  it("has a login renewed once that rests or whose source can't be read, and no other one", () => {
    const record = { places: [], hashes: [], inherited: [] }
    const once = (login: Partial<ReturnType<typeof idcLogin>>): boolean | undefined => {
      const [allowed] = enableAccount(account({ logins: [idcLogin({ id: "l", ...login })] }), ACT).logins
      return allowed && recordOf(allowed).once
    }
    assert.equal(once({ record }), undefined)
    assert.equal(once({ record: { ...record, unreadable: 1 } }), true)
    assert.equal(once({ record, isBehind: true, tokens: tokens("l", NOW - 1) }), true)
  })

  it("is asked for no profile that was chosen or found, nor for an account that is off or answers", () => {
    const health = cooling({ reason: "not-authorized" })
    assert.equal(wantsProfile(account({ health })), true)
    const found = [idcLogin({ id: "l", profileArn: "arn:1" })]
    for (const change of [
      { health, profileArn: "arn:1" },
      { health, logins: found },
      { health, enabled: false },
      { health: cooling() },
      {},
    ])
      assert.equal(wantsProfile(account(change)), false)
  })

  it("sees when a parked account returns", () => {
    assert.equal(stateAt(NOW, cooling()).until, NOW + 1000)
    assert.equal(stateAt(NOW, cooling({ until: NOW })).reason, "ready")
    assert.equal(stateAt(NOW, { state: "ok" }).reason, "ready")
  })
})

function stateAt(now: number, health: Health): AccountState {
  return stateOf(account({ health }), { now, useOverage: true })
}
