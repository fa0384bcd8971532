import assert from "node:assert/strict"
import { mkdirSync } from "node:fs"
import { describe, it } from "node:test"
import {
  type Account,
  afterChoiceWanted,
  chooseProfile,
  type Login,
  newAccount,
  recordOf,
} from "../../src/accounts/index.ts"
import { type Fetch, silentLog } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import {
  contextUsage,
  exception,
  conversationIdOf,
  failure,
  FAILURES,
  finish,
  json,
  neverAnswers,
  reset,
  resetBeforeHeaders,
  silence,
  startFakeKiro,
  stream,
  text,
  toolUse,
  truncated,
} from "../support/fake-kiro/index.ts"
import { OLD_BUN } from "../support/old-bun.ts"
import { cutAnswers } from "./cut-answers.ts"
import { assertAnswered, errorText, type Harness, hear, startHarness } from "./harness.ts"

const QUICK = { rateLimitRetryDelayMs: 1000 }

const RETRY_AFTER = { "retry-after": "7" }
const NOTHING_SAID = { kind: "document", status: 401, headers: {}, body: "" } as const

describe("a throttle", () => {
  it("of the only account is waited out, doubling, then answered", async () => {
    await using harness = await startHarness({ settings: QUICK })
    const account = await harness.add("work")
    account.fail(FAILURES.throttled)
    account.fail(FAILURES.throttled)
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.clock.slept, [1000, 2000])
    assert.deepEqual(harness.sent(), ["work", "work", "work"])
    await harness.gateway.close()
    assert.equal((await harness.account("work")).health.state, "ok")
  })

  it("that would make the fetch wait for more than twelve seconds goes out to the host", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.fail(FAILURES.throttled)
    account.fail(FAILURES.throttled)
    const response = await harness.ask()
    assert.equal(response.status, 429)
    assert.equal(response.headers.get("retry-after-ms"), "10000")
    assert.deepEqual(harness.clock.slept, [5000])
    assert.deepEqual(harness.sent(), ["work", "work"])
  })

  it("that lasts is asked about ever more seldom, over all requests", async () => {
    await using harness = await startHarness()
    await harness.add("work")
    harness.fake.when(() => true, FAILURES.throttled)
    const waits: number[] = []
    for (let message = 0; message < 4; message++) {
      const response = await harness.ask({}, { session: `ses_${message}` })
      const ms = Number(response.headers.get("retry-after-ms"))
      waits.push(ms)
      harness.clock.advance(ms)
    }
    assert.deepEqual(harness.clock.slept, [5000])
    assert.deepEqual(waits, [10_000, 20_000, 40_000, 80_000])
    assert.equal(harness.sent().length, 5)
  })

  it("that lasts is not over where a title got through", async () => {
    await using harness = await startHarness({ settings: { rateLimitMaxRetries: 0 } })
    await harness.add("work")
    harness.fake.when(({ text: sent }) => sent.includes("Hello"), FAILURES.throttled)
    const waits: number[] = []
    for (let message = 0; message < 3; message++) {
      const session = `ses_${message}`
      const response = await harness.ask({}, { session })
      const ms = Number(response.headers.get("retry-after-ms"))
      waits.push(ms)
      harness.clock.advance(ms)
      const messages = [{ role: "user", content: "Name it" }]
      await assertAnswered(harness.ask({ messages }, { session, purpose: "title" }))
    }
    assert.deepEqual(waits, [5000, 10_000, 20_000])
  })

  it("moves to another account at once and tells why, once", async () => {
    await using harness = await startHarness()
    const first = await harness.add("first")
    await harness.add("second")
    first.fail(FAILURES.throttled)
    await assertAnswered(harness.ask())
    await harness.gateway.close()
    assert.deepEqual(harness.sent(), ["first", "second"])
    assert.deepEqual(harness.clock.slept, [])
    assert.deepEqual(harness.notices, [
      { kind: "account-switched", from: "first", to: "second", because: "it is being throttled" },
    ])
  })

  it("tells a conversation too that moves for what another one has found", async () => {
    await using harness = await startHarness({ settings: { accountSelectionStrategy: "sticky" } })
    const first = await harness.add("first")
    for (const session of ["one", "another"]) await assertAnswered(harness.ask({}, { session }))
    await harness.add("second")
    first.fail(FAILURES.throttled)
    const summary = { session: "another", purpose: "compaction" } as const
    for (const options of [{ session: "one" }, summary, { session: "another" }]) {
      await assertAnswered(harness.ask({}, options))
      await harness.gateway.close()
    }
    const moved = { kind: "account-switched", from: "first", to: "second", because: "it is being throttled" }
    assert.deepEqual(harness.notices, [moved, moved])
  })

  it("tells so too of the account that was chosen for the session, and not that the choice is followed", async () => {
    await using harness = await startHarness({ settings: { accountSelectionStrategy: "sticky" } })
    const first = await harness.add("first")
    for (const session of ["one", "another"]) await assertAnswered(harness.ask({}, { session }))
    await harness.add("second")
    const choose = (chosenAccountId: string): Promise<unknown> =>
      harness.store.remember({ sessionId: "another", session: (memory) => ({ ...memory, chosenAccountId }) })
    await choose("first")
    first.fail(FAILURES.throttled)
    await assertAnswered(harness.ask({}, { session: "one" }))
    await harness.gateway.close()
    const before = harness.notices.length
    await assertAnswered(harness.ask({}, { session: "another" }))
    const moved = { kind: "account-switched", from: "first", to: "second", because: "it is being throttled" }
    assert.deepEqual(harness.notices.slice(before), [moved])
    await harness.store.update("second", (account) => ({ ...account, enabled: false }))
    harness.clock.advance(60_000)
    await assertAnswered(harness.ask({}, { session: "another" }))
    assert.deepEqual(harness.notices.slice(before), [moved])
    assert.deepEqual(harness.sent(), ["first", "first", "first", "second", "second", "first"])
  })

  it("is waited out before credits are paid for elsewhere, but not for longer than the chat may wait", async () => {
    for (const [seconds, asked] of [
      ["1", ["first", "first"]],
      ["20", ["first", "paid"]],
    ] as const) {
      await using harness = await startHarness()
      const first = await harness.add("first")
      await harness.add("paid")
      await isPaid(harness, "paid")
      first.fail({
        ...FAILURES.throttled,
        headers: { ...FAILURES.throttled.headers, "retry-after": seconds },
      })
      await assertAnswered(harness.ask())
      assert.deepEqual(harness.sent(), asked)
    }
  })

  it("of a free account is waited out as well where another chat knows of it, and paid for where it lasts", async () => {
    await using harness = await startHarness({ settings: { rateLimitMaxRetries: 1 } })
    await harness.add("paid")
    await harness.add("free")
    await isPaid(harness, "paid")
    const now = harness.clock.now()
    const health = {
      state: "cooling",
      since: now,
      until: now + 16_000,
      reason: "throttled",
      times: 1,
    } as const
    await harness.store.update("free", (account) => ({ ...account, health }))
    // Those that had to pay come back, too.
    for (const session of ["ses_1", "ses_1", "ses_2", "ses_1"]) {
      assert.equal((await hear(await harness.ask({}, { session }))).finishReason, "stop")
      harness.clock.advance(3000)
    }
    assert.deepEqual(harness.sent(), ["paid", "paid", "free", "free"])
    assert.deepEqual(harness.clock.slept, [10_000])
  })

  it("known to one request is known to the next, in any process", async () => {
    await using harness = await startHarness()
    const first = await harness.add("first")
    await harness.add("second")
    first.fail(FAILURES.throttled)
    await hear(await harness.ask())
    await hear(await harness.ask({}, { session: "ses_2" }))
    assert.deepEqual(harness.sent(), ["first", "second", "second"])
  })

  it("of all accounts before this fetch is a wait for the host, and nothing is sent", async () => {
    await using harness = await startHarness({ settings: { rateLimitMaxRetries: 0 } })
    const account = await harness.add("work")
    account.fail(FAILURES.throttled)
    await harness.ask()
    const response = await harness.ask()
    assert.equal(response.status, 429)
    assert.equal(response.headers.get("retry-after-ms"), "5000")
    assert.deepEqual(harness.sent(), ["work"])
    assert.deepEqual(harness.notices, [])
    harness.clock.advance(5000)
    await assertAnswered(harness.ask())
  })
})

async function isPaid({ store, clock }: Harness, label: string): Promise<void> {
  const used = { checkedAt: clock.now(), limit: 50, used: 50, bonuses: [] }
  const quota = { ...used, overage: { enabled: true, used: 0 } }
  await store.update(label, (account) => ({ ...account, quota }))
}

describe("throttles of several accounts", () => {
  it("are waited for until the first of them is over", async () => {
    await using harness = await startHarness()
    for (const [label, ms] of [
      ["first", 9000],
      ["second", 5000],
    ] as const) {
      await harness.add(label)
      const since = harness.clock.now()
      const health = { state: "cooling", since, until: since + ms, reason: "throttled", times: 1 } as const
      await harness.store.update(label, (account) => ({ ...account, health }))
    }
    const response = await harness.ask()
    assert.equal(response.status, 429)
    assert.equal(response.headers.get("retry-after-ms"), "5000")
  })

  it("that come in one chat too, and each is told of", async () => {
    await using harness = await startHarness()
    for (const [label, seconds] of [
      ["first", "30"],
      ["second", "3600"],
    ] as const) {
      const headers = { ...FAILURES.throttled.headers, "retry-after": seconds }
      ;(await harness.add(label)).fail({ ...FAILURES.throttled, headers })
    }
    const response = await harness.ask()
    assert.equal(response.status, 429)
    assert.equal(response.headers.get("retry-after-ms"), "30000")
    assert.match(await response.text(), /no account can answer now, for 30 seconds.* first: .*; second: /)
    assert.deepEqual(harness.sent(), ["first", "second"])
  })

  it("are a moment's wait where the first of them ended while another account was asked", async () => {
    await using harness = await startHarness({ settings: QUICK })
    const [first, second] = [await harness.add("first"), await harness.add("second")]
    first.fail(FAILURES.throttled)
    second.fail({ ...FAILURES.throttled, headers: { ...FAILURES.throttled.headers, "retry-after": "7" } })
    second.fail(FAILURES.monthlyLimit)
    const response = await harness.ask()
    assert.equal(response.status, 429)
    assert.equal(response.headers.get("retry-after-ms"), "1000")
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.sent(), ["first", "second", "second", "first"])
  })
})

describe("a busy model", () => {
  it("is waited for on the same account, which is not blamed", async () => {
    for (const busy of [FAILURES.capacity, FAILURES.highLoad, FAILURES.modelUnavailable]) {
      await using harness = await startHarness({ settings: QUICK })
      const account = await harness.add("first")
      await harness.add("second")
      account.fail(busy)
      await assertAnswered(harness.ask())
      assert.deepEqual(harness.clock.slept, [1000])
      assert.deepEqual(harness.sent(), ["first", "first"])
      assert.equal((await harness.account("first")).health.state, "ok")
    }
  })
})

describe("an account that can't serve", () => {
  for (const [name, reply, health] of [
    ["monthly limit", FAILURES.monthlyLimit, "cooling"],
    ["monthly limit as a throttle", FAILURES.monthlyLimitAsThrottle, "cooling"],
    ["daily limit", FAILURES.dailyLimit, "cooling"],
    ["overage limit", FAILURES.overageLimit, "cooling"],
    ["suspension", FAILURES.suspended, "revoked"],
    ["missing authorization", FAILURES.notAuthorized, "cooling"],
  ] as const) {
    it(`by ${name} is left for one that can, and parked on the disk`, async () => {
      await using harness = await startHarness()
      const first = await harness.add("first")
      await harness.add("second")
      first.fail(reply)
      await assertAnswered(harness.ask())
      assert.deepEqual(harness.sent(), ["first", "second"])
      assert.deepEqual(harness.clock.slept, [])
      assert.equal((await harness.account("first")).health.state, health)
      await hear(await harness.ask())
      assert.deepEqual(harness.sent(), ["first", "second", "second"])
    })
  }

  it("gives one fatal error for all of them, naming each, its return and the remedy", async () => {
    await using harness = await startHarness()
    const first = await harness.add("first")
    const second = await harness.add("second")
    first.fail(FAILURES.monthlyLimit)
    second.fail(FAILURES.suspended)
    const response = await harness.ask()
    assert.equal(response.status, 403)
    const message = await errorText(response)
    assert.match(message, /first: its monthly credits are used up, until/)
    assert.match(message, /second: suspended by AWS/)
    assert.match(message, /support\.aws/)
    assert.deepEqual(harness.sent(), ["first", "second"])
    assert.deepEqual(harness.clock.slept, [])
  })

  it("because the user switched it off is named as that, whatever else was held against it", async () => {
    await using harness = await startHarness({ settings: { rateLimitMaxRetries: 0 } })
    const account = await harness.add("work")
    account.fail(FAILURES.throttled)
    await harness.ask()
    await harness.store.update("work", (current) => ({ ...current, enabled: false }))
    const response = await harness.ask()
    assert.equal(response.status, 400)
    assert.match(
      await errorText(response),
      /work: switched off by you\. Switch it on: \/kiro, or `.* accounts enable work`/,
    )
  })

  it("because a newer sign-in took its place is told so, with the command that uses it all the same", async () => {
    await using harness = await startHarness({ accounts: ["at work"] })
    await assertAnswered(harness.ask())
    await harness.add("newer")
    await harness.store.update("newer", (current) => ({ ...current, enabled: false }))
    await replaceByNewer(harness, "at work")
    const response = await harness.ask()
    assert.equal(response.status, 400)
    const message = await errorText(response)
    assert.match(
      message,
      /at work: its login has ended, and the newer one that took its place may be the same/,
    )
    assert.match(message, /accounts enable "at work"`; kiro-cli may be signed out by that/)
    assert.deepEqual(harness.sent(), ["at work"])
    await harness.store.update("newer", (current) => ({ ...current, enabled: true }))
    await assertAnswered(harness.ask())
    await harness.gateway.close()
    const [told] = harness.notices.filter((notice) => notice.kind === "account-switched")
    assert.match(told?.because ?? "", /the newer one that took its place may be the same person's/)
    assert.deepEqual(harness.sent(), ["at work", "newer"])
    assert.deepEqual(harness.fake.received("CreateToken"), [])
  })

  it("because a newer sign-in took its place is named beside the newest such one, and older ones are not", async () => {
    await using harness = await startHarness()
    for (const name of ["oldest", "older", "old"]) {
      await harness.add(name)
      await replaceByNewer(harness, name)
    }
    await harness.add("newer")
    await harness.store.update("newer", (current) => ({ ...current, enabled: false }))
    const message = await errorText(await harness.ask())
    const named = ["oldest", "older", "old", "newer"].filter((name) => message.includes(`${name}: `))
    assert.deepEqual(named, ["older", "old", "newer"])
  })

  it("is asked about once before the error, and used again where it has room", async () => {
    await using harness = await startHarness({
      lookUps: {
        usage: async (accountId) => {
          if (harness.usageAsked.length < 2) return
          await harness.store.update(accountId, (account) => ({ ...account, health: { state: "ok" } }))
        },
      },
    })
    const account = await harness.add("work")
    account.fail(FAILURES.monthlyLimit)
    const response = await harness.ask()
    assert.equal(response.status, 402)
    assert.match(await errorText(response), /“You have reached the limit\.?”/)
    assert.deepEqual(harness.usageAsked, ["work"])
    await assertAnswered(harness.ask())
  })

  it("by its profile is served with the one that is found anew", async () => {
    await using harness = await startHarness({ lookUps: { profile: async () => true } })
    const account = await harness.add("work")
    account.fail(FAILURES.notAuthorized)
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.profilesAsked, ["work"])
    assert.deepEqual(harness.sent(), ["work", "work"])
  })
})

/** The login has ended, and that of the account "newer" took its place. */
async function replaceByNewer({ clock, store }: Harness, label: string): Promise<void> {
  await store.update(label, (account) => ({
    ...account,
    logins: account.logins.map((login) => ({
      ...login,
      ...(login.kind !== "api-key" && { tokens: { ...login.tokens, expiresAt: clock.now() } }),
      record: { ...recordOf(login), successors: [{ id: "login of newer" }] },
    })),
  }))
}

describe("a database that can't be used", () => {
  it("is told of where that may be why nobody is signed in", async () => {
    await using harness = await startHarness()
    mkdirSync(harness.database)
    const text = await errorText(await harness.ask())
    assert.match(text, /^Kiro: no account is signed in .* Accounts that are kept here can't be read now: `/)
  })
})

describe("an account parked for want of a profile", () => {
  it("is told with the profiles that there are to choose from, now and at the next message", async () => {
    const profiles = ["us-east-1", "eu-central-1"].map(
      (region) => `arn:aws:codewhisperer:${region}:123456789012:profile/TEAM`,
    )
    await using harness = await startHarness({
      lookUps: {
        profile: async (id) => {
          const choice = { profiles, now: harness.clock.now() }
          await harness.store.update(id, (account) => afterChoiceWanted(account, choice))
          return false
        },
      },
    })
    const account = await harness.add("work")
    account.fail(FAILURES.notAuthorized)
    for (let message = 0; message < 2; message++) {
      const response = await harness.ask()
      assert.equal(response.status, 403)
      const text = await errorText(response)
      for (const profile of [...profiles, "accounts profile work"]) assert.ok(text.includes(profile), text)
    }
    assert.deepEqual(harness.sent(), ["work"])
  })

  it("is looked at again before the error once the settings name one, and only then", async () => {
    const idcProfileArn = "arn:aws:codewhisperer:us-east-1:638616132270:profile/AAAACCCCXXXX"
    for (const settings of [{}, { idcProfileArn }]) {
      await using harness = await startHarness({
        settings,
        lookUps: {
          profile: async (id) => {
            await harness.store.update(id, (account) => chooseProfile(account, idcProfileArn))
            return true
          },
        },
      })
      await harness.add("work")
      await harness.add("off")
      await harness.store.update("off", (account) => ({ ...account, enabled: false }))
      const now = harness.clock.now()
      await harness.store.update("work", (account) => ({
        ...account,
        health: { state: "cooling", since: now, until: now + 3_600_000, reason: "not-authorized", times: 1 },
      }))
      const response = await harness.ask()
      assert.equal(response.status, "idcProfileArn" in settings ? 200 : 403)
      assert.equal(harness.profilesAsked.join(), "idcProfileArn" in settings ? "work" : "")
    }
  })
})

describe("a refused token", () => {
  it("that stays refused, or a suspension, is told with what helps, and not once more as a switch", async () => {
    for (const reason of ["login-expired", "suspended"] as const) {
      await using harness = await startHarness()
      const account = await harness.add("first")
      await harness.add("second")
      if (reason === "suspended") account.fail(FAILURES.suspended)
      else account.script(...Array.from({ length: 3 }, () => FAILURES.invalidBearer))
      await assertAnswered(harness.ask())
      await harness.gateway.close()
      assert.equal(harness.sent().at(-1), "second")
      assert.deepEqual(
        harness.notices.map((notice) => notice.kind === "account-revoked" && notice.reason),
        [reason],
      )
    }
  })

  it("is renewed and the request repeated, unseen", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.expire()
    await assertAnswered(harness.ask())
    assert.equal(account.refreshCount, 1)
    assert.equal(harness.fake.received("GenerateAssistantResponse").length, 2)
    assert.deepEqual(harness.clock.slept, [])
  })

  it("refused again is tried once at the other host, then the login has ended", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.fail(FAILURES.invalidBearer)
    account.fail(FAILURES.invalidBearer)
    account.fail(FAILURES.invalidBearer)
    const response = await harness.ask()
    assert.equal(response.status, 401)
    assert.match(await errorText(response), /work: its login has ended/)
    assert.deepEqual(
      harness.fake.received("GenerateAssistantResponse").map(({ host }) => host),
      ["q.us-east-1.amazonaws.com", "q.us-east-1.amazonaws.com", "runtime.us-east-1.kiro.dev"],
    )
    assert.equal(account.refreshCount, 1)
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "account-revoked" && notice.reason),
      ["login-expired"],
    )
  })

  it("at the last send that the user allows ends no login: nothing was tried yet", async () => {
    await using harness = await startHarness({ settings: { maxRequestIterations: 1 } })
    const account = await harness.add("work")
    account.fail(FAILURES.invalidBearer)
    assert.equal((await harness.ask()).status, 401)
    assert.equal((await harness.account("work")).logins[0]?.revoked, undefined)
    await assertAnswered(harness.ask())
  })

  it("refused by one host alone ends no login while something on the way speaks for the other", async () => {
    const page = { kind: "document", status: 401, headers: {}, body: "Unauthorized" } as const
    for (const [kind, answer] of [
      ["builder-id", page],
      ["builder-id", NOTHING_SAID],
      ["api-key", page],
    ] as const) {
      await using harness = await startHarness()
      await harness.add("work", { kind })
      harness.fake.intercept(({ host }) => host.startsWith("runtime."), FAILURES.invalidBearer)
      harness.fake.script(...Array.from({ length: kind === "api-key" ? 1 : 2 }, () => answer))
      assert.equal((await harness.ask()).status, 401)
      assert.deepEqual((await harness.account("work")).health, { state: "ok" })
      await assertAnswered(harness.ask())
    }
  })

  it("refused for good leaves the account to its next login that was not", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    const key = harness.fake.account({ kind: "api-key" })
    const byKey = { kind: "api-key", source: "own", key: new Secret(key.accessToken) } as const
    await harness.store.update("work", ({ logins, ...rest }) => {
      const ended = { ...byKey, id: "ended", revoked: { at: 1, reason: "no" } }
      return { ...rest, logins: [...logins, ended, { ...byKey, id: "key" }] }
    })
    for (let sends = 0; sends < 3; sends++) account.fail(FAILURES.invalidBearer)
    await assertAnswered(harness.ask())
    assert.equal(harness.fake.chats.at(-1)?.headers["authorization"], `Bearer ${key.accessToken}`)
    const { logins, health } = await harness.account("work")
    assert.deepEqual(
      logins.map(({ revoked }) => revoked !== undefined),
      [true, true, false],
    )
    assert.equal(health.state, "ok")
  })

  it("refused without a word, as something on the way may do it, ends no login", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.script(...Array.from({ length: 3 }, () => NOTHING_SAID))
    const response = await harness.ask()
    assert.equal(response.status, 401)
    assert.match(await errorText(response), /work/)
    assert.deepEqual((await harness.account("work")).health, { state: "ok" })
    assert.deepEqual(harness.notices, [])
    await assertAnswered(harness.ask())
  })

  it("refused by the name of the exception alone has ended: nothing on the way knows that", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const named = { ...NOTHING_SAID, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: "{}" }
    harness.fake.script(named, named, named)
    assert.match(await errorText(await harness.ask()), /work: its login has ended/)
    assert.equal((await harness.account("work")).health.state, "revoked")
  })

  it("refused in a text that is not the service's ends no login and no key, and is still told", async () => {
    const strange = failure({ status: 401, body: "Unauthorized", headers: { "content-type": "text/plain" } })
    for (const kind of ["builder-id", "api-key"] as const) {
      await using harness = await startHarness()
      await harness.add("work", { kind })
      harness.fake.script(strange, strange, strange)
      const response = await harness.ask()
      assert.equal(response.status, 401)
      assert.match(await errorText(response), /work.*“401 Unauthorized”/)
      assert.deepEqual((await harness.account("work")).health, { state: "ok" })
    }
  })

  it("gives way at once to another valid login of the account, while it is renewed", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    const { accessToken, refreshToken } = account.signIn()
    await harness.store.update("work", ({ logins: [login], ...rest }) => {
      assert.ok(login !== undefined && login.kind !== "api-key")
      const expiresAt = login.tokens.expiresAt - 1
      const tokens = {
        accessToken: new Secret(accessToken),
        refreshToken: new Secret(refreshToken),
        expiresAt,
      }
      return { ...rest, logins: [login, { ...login, id: "second", tokens }] }
    })
    const renewal = Promise.withResolvers<void>()
    harness.fake.next("CreateToken", async () => {
      await renewal.promise
      return FAILURES.unavailable
    })
    account.fail(FAILURES.invalidBearer)
    await assertAnswered(harness.ask())
    renewal.resolve()
    const tokens = harness.fake.chats.map(({ headers }) => headers["authorization"])
    assert.equal(tokens[1], `Bearer ${accessToken}`)
    assert.notEqual(tokens[0], tokens[1])
  })

  it("of a key is refused for good where both hosts refuse it, also without a word", async () => {
    await using harness = await startHarness()
    const account = await harness.add("key", { kind: "api-key" })
    account.fail(NOTHING_SAID)
    account.fail(NOTHING_SAID)
    const response = await harness.ask()
    assert.equal(response.status, 401)
    assert.match(await errorText(response), /its API key was refused/)
    const { health } = await harness.account("key")
    assert.equal(health.state === "revoked" && health.reason, "api-key-refused")
  })

  it("of a key is tried at the other host, never renewed", async () => {
    await using harness = await startHarness()
    const account = await harness.add("key", { kind: "api-key" })
    account.fail(FAILURES.invalidBearer)
    await assertAnswered(harness.ask())
    await harness.gateway.close()
    assert.equal((await harness.account("key")).hosts["runtime"], "runtime.us-east-1.kiro.dev")
    await hear(await harness.ask())
    assert.equal(harness.fake.chats.at(-1)?.host, "runtime.us-east-1.kiro.dev")
  })
})

describe("a token that can't be renewed just now", () => {
  const endToken = (harness: Harness, label: string): Promise<void> =>
    harness.store.updateLogin(`login of ${label}`, (login) =>
      login.kind === "api-key" ? login : { ...login, tokens: { ...login.tokens, expiresAt: 0 } },
    )

  it("is asked for again three times, then told as what passes, and nothing is held against the account", async () => {
    await using harness = await startHarness()
    await harness.add("work")
    await endToken(harness, "work")
    const { internalError } = FAILURES
    harness.fake.next("CreateToken", internalError, internalError, internalError, internalError)
    const response = await harness.ask()
    assert.equal(response.status, 503)
    assert.match(await errorText(response), /work could not renew its token/)
    assert.deepEqual(harness.clock.slept, [500, 1000, 2000])
    assert.deepEqual(harness.sent(), [])
    assert.equal((await harness.account("work")).health.state, "ok")
    await assertAnswered(harness.ask())
  })

  it("is waited for by nobody where another account serves for free", async () => {
    await using harness = await startHarness()
    await harness.add("work")
    await assertAnswered(harness.ask())
    await harness.add("home")
    await endToken(harness, "work")
    harness.fake.next("CreateToken", FAILURES.internalError)
    await assertAnswered(harness.ask())
    await harness.gateway.close()
    assert.deepEqual(harness.clock.slept, [])
    assert.deepEqual(harness.sent(), ["work", "home"])
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "account-switched" && notice.because),
      ["its token could not be renewed"],
    )
  })
})

describe("a login of a region in which Kiro is not served", () => {
  it("is served in the nearest one, and its user told of it once", async () => {
    await using harness = await startHarness()
    await harness.add("work", { loginRegion: "eu-west-1" })
    await assertAnswered(harness.ask())
    assert.match(harness.fake.received("GenerateAssistantResponse")[0]?.host ?? "", /eu-central-1/)
    assert.deepEqual(harness.notices, [{ kind: "region-mapped", from: "eu-west-1", to: "eu-central-1" }])
  })
})

describe("a fault", () => {
  const faults = [
    ["500", FAILURES.internalError],
    ["503", FAILURES.unavailable],
    ["an HTML page", FAILURES.gatewayPage],
    ["a reset before the headers", resetBeforeHeaders],
    ["a reset behind the headers", stream(reset)],
    ["an exception as the first frame", stream(exception("internalServerException", { message: "boom" }))],
    ["a throttle as the first frame, busy model", stream(exception("InternalServerException", {}))],
    ["an empty answer", stream(contextUsage(9))],
    ["a message cut off", stream(truncated(text("half")))],
  ] as const
  for (const [name, reply] of faults) {
    it(`by ${name} is repeated after half a second, on the same account`, async () => {
      await using harness = await startHarness()
      const account = await harness.add("first")
      await harness.add("second")
      account.script(reply)
      await assertAnswered(harness.ask())
      assert.deepEqual(harness.clock.slept, [500])
      assert.equal((await harness.account("first")).health.state, "ok")
      assert.ok(harness.sent().every((label) => label === "first"))
    })
  }

  it("is told of once: no cause repeats what happened", async () => {
    for (const [reply, told] of [
      [stream(contextUsage(9)), /^Kiro: the service answered without any content\.$/],
      [
        stream(truncated(text("half"))),
        /^Kiro: the service's answer was cut off\. Cause: “the stream ended /,
      ],
    ] as const) {
      await using harness = await startHarness()
      const account = await harness.add("first")
      account.script(reply, reply, reply, reply)
      assert.match(await errorText(await harness.ask()), told)
    }
  })

  for (const name of ["notAuthorized", "monthlyLimit", "throttled", "improperlyFormed"] as const)
    it(`that breaks off a refusal is one of the network, whatever its status was: ${name}`, async () => {
      let broken = false
      await using harness = await startHarness({
        fetch: async (url, init) => {
          const response = await fetch(url, init)
          if (broken) return response
          broken = true
          const body = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) })
          return new Response(body, { status: response.status, headers: response.headers })
        },
      })
      const account = await harness.add("work")
      account.fail(FAILURES[name])
      await assertAnswered(harness.ask())
      assert.deepEqual(harness.clock.slept, [500])
      assert.equal((await harness.account("work")).health.state, "ok")
    })

  for (const [status, reply] of [
    [500, FAILURES.internalError],
    [503, FAILURES.unavailable],
  ] as const)
    it(`that stays goes out as the service's own status, ${status}, after three repeats`, async () => {
      await using harness = await startHarness()
      const account = await harness.add("work")
      account.script(reply, reply, reply, reply)
      assert.equal((await harness.ask()).status, status)
      assert.deepEqual(harness.clock.slept, [500, 1000, 2000])
      assert.deepEqual(harness.sent(), ["work", "work", "work", "work"])
    })

  it("without any content is repeated once, also behind another fault", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    const empty = stream(contextUsage(9))
    account.script(FAILURES.internalError, empty, empty)
    assert.equal((await harness.ask()).status, 400)
    assert.equal(harness.sent().length, 3)
    account.script(FAILURES.internalError, empty)
    await assertAnswered(harness.ask())
  })

  it("by silence is repeated once", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.script(neverAnswers, neverAnswers)
    harness.fake.onRequest = () => setImmediate(() => harness.clock.advance(120_000))
    const response = await harness.ask()
    assert.equal(response.status, 504)
    assert.deepEqual(harness.clock.slept, [500])
  })

  it("by silence counts the wait for the headers and for the first event as one", async () => {
    await using harness = await startHarness({
      fetch: async (url, init) => {
        harness.clock.advance(100_000)
        const response = await fetch(url, init)
        setImmediate(() => harness.clock.advance(20_000))
        return response
      },
    })
    const account = await harness.add("work")
    account.script(stream(silence), stream(silence))
    const response = await harness.ask()
    assert.equal(response.status, 504)
    assert.deepEqual(harness.clock.slept, [500])
  })

  it("is made of a silence by us alone: Bun's own limit of five minutes is off", async () => {
    const given: RequestInit[] = []
    await using harness = await startHarness({
      accounts: ["work"],
      fetch: (url, init) => (given.push(init), fetch(url, init)),
    })
    await assertAnswered(harness.ask())
    assert.partialDeepStrictEqual(given[0], { timeout: false })
  })

  it("of a host that can't be reached leads to the other one at once, which is remembered", async () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    await using harness = await startHarness({ fetch: withoutOneHost(refused) })
    await harness.add("work")
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.clock.slept, [])
    await harness.gateway.close()
    assert.equal((await harness.account("work")).hosts["runtime"], "runtime.us-east-1.kiro.dev")
  })

  it("of a host that cuts every connection leads to the other one behind the repeats, which is remembered", async () => {
    const reset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })
    await using harness = await startHarness({ fetch: withoutOneHost(reset) })
    await harness.add("work")
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.clock.slept, [500, 1000, 2000])
    await assertAnswered(harness.ask())
    assert.equal(harness.clock.slept.length, 3)
    await harness.gateway.close()
    assert.equal((await harness.account("work")).hosts["runtime"], "runtime.us-east-1.kiro.dev")
    // Nobody heard the first one: what the other one says of the login is not the last word.
    harness.fake.intercept(({ host }) => host.startsWith("runtime."), FAILURES.invalidBearer)
    assert.equal((await harness.ask()).status, 502)
    assert.deepEqual((await harness.account("work")).health, { state: "ok" })
  })

  for (const [name, refusal] of [
    ["a token", FAILURES.invalidBearer],
    ["a profile", FAILURES.notAuthorized],
    ["an operation", json({}, { status: 404 })],
  ] as const)
    it(`of one host is no reason to leave an account whose other host refuses ${name}`, async () => {
      for (const kind of ["builder-id", "api-key"] as const) {
        let isAway = true
        const away = Object.assign(new Error("no such host"), { code: "ENOTFOUND" })
        const isOut = (): boolean => isAway
        await using harness = await startHarness({ fetch: withoutOneHost(away, isOut) })
        await harness.add("work", { kind })
        harness.fake.intercept(({ host }) => host.startsWith("runtime."), refusal)
        const response = await harness.ask()
        assert.equal(response.status, 503)
        assert.match(await errorText(response), /could not be reached.*no such host/)
        assert.deepEqual((await harness.account("work")).health, { state: "ok" })
        isAway = false
        await assertAnswered(harness.ask())
      }
    })

  it("of every host is repeated at every host, then told", async () => {
    let sends = 0
    await using harness = await startHarness({
      fetch: async () => {
        sends += 1
        throw Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" })
      },
    })
    await harness.add("work")
    const response = await harness.ask()
    assert.equal(response.status, 503)
    assert.match(await errorText(response), /could not be reached.*certificate has expired/)
    assert.deepEqual(harness.clock.slept, [500, 1000, 2000])
    assert.equal(sends, 8)
  })
})

describe("a real network", () => {
  for (const [name, endpointOf] of [
    ["that speaks no TLS", (url: string) => url.replace("http:", "https:")],
    ["where nobody listens any more", (url: string) => url],
  ] as const) {
    it(`${name} is repeated, then told as what it is`, async () => {
      const fake = await startFakeKiro()
      if (name !== "that speaks no TLS") await fake.close()
      await using harness = await startHarness({
        accounts: ["work"],
        settings: { endpointOverride: endpointOf(fake.url) },
      })
      const response = await harness.ask()
      if (fake.server.listening) await fake.close()
      assert.equal(response.status, 503)
      assert.match(await errorText(response), /the service could not be reached/)
      assert.deepEqual(harness.clock.slept, [500, 1000, 2000])
      assert.equal((await harness.account("work")).health.state, "ok")
    })
  }
})

describe("a fault behind the first word", () => {
  it("goes to the host as its own error: to be repeated where no call was opened", async () => {
    const { fetch, cut } = cutAnswers()
    await using harness = await startHarness({ fetch })
    const account = await harness.add("work")
    account.script(cut(text("Hello ")))
    const { text: heard, error } = await hear(await harness.ask())
    assert.equal(heard, "Hello ")
    assert.equal(error?.name, "AI_APICallError")
    assert.equal(Reflect.get(error ?? {}, "isRetryable"), true)
    assert.deepEqual(harness.sent(), ["work"])
  })

  it("is fatal where a call was opened, with a status that the host leaves alone", async () => {
    const { fetch, cut } = cutAnswers()
    await using harness = await startHarness({ fetch })
    const account = await harness.add("work")
    account.script(cut(toolUse({ name: "read", input: { path: "a" }, stop: false })))
    const tools = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]
    const { error } = await hear(await harness.ask({ tools }))
    assert.equal(Reflect.get(error ?? {}, "isRetryable"), false)
    assert.ok(Number(Reflect.get(error ?? {}, "statusCode")) < 429)
  })

  it("ends the turn in order where a whole call was given out", async () => {
    const { fetch, cut } = cutAnswers()
    await using harness = await startHarness({ fetch })
    const account = await harness.add("work")
    account.script(cut(toolUse({ name: "read", input: { path: "a" } })))
    const tools = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]
    const { finishReason, error } = await hear(await harness.ask({ tools }))
    assert.equal(finishReason, "tool_calls")
    assert.equal(error, undefined)
    await harness.gateway.close()
    assert.deepEqual(harness.answered, [])
  })

  for (const [place, steps] of [
    ["text", text("Hello ")],
    ["a whole call", toolUse({ name: "read", input: { path: "a" } })],
  ] as const)
    it(`parks the account it belongs to, after ${place}`, async () => {
      await using harness = await startHarness()
      const account = await harness.add("work")
      account.script(stream(steps, exception("ThrottlingException", { message: "slow down" })))
      await hear(await harness.ask())
      await harness.gateway.close()
      assert.equal((await harness.account("work")).health.state, "cooling")
    })
})

describe("a request that the service refuses", () => {
  it("as improperly formed is sent once and fatal", async () => {
    await using harness = await startHarness()
    const account = await harness.add("first")
    await harness.add("second")
    account.fail(FAILURES.improperlyFormed)
    const response = await harness.ask()
    assert.equal(response.status, 400)
    assert.match(await errorText(response), /Improperly formed request/)
    assert.deepEqual(harness.sent(), ["first"])
    account.fail(failure({ status: 400, type: "ValidationException", message: "No.", headers: RETRY_AFTER }))
    assert.equal((await harness.ask()).headers.get("retry-after-ms"), null)
  })

  it("for its model goes to an account that may have it, else fails fast", async () => {
    await using harness = await startHarness()
    const first = await harness.add("first")
    const second = await harness.add("second")
    first.fail(FAILURES.invalidModel)
    await assertAnswered(harness.ask())
    assert.equal((await harness.account("first")).health.state, "ok")
    first.fail(FAILURES.invalidModel)
    second.fail(FAILURES.invalidModel)
    const response = await harness.ask({}, { session: "ses_2" })
    assert.equal(response.status, 400)
    assert.match(await errorText(response), /is not offered claude-sonnet-4-5/)
    const broken = failure({
      status: 500,
      type: "InternalServerException",
      message: "No.",
      reason: "INVALID_MODEL_ID",
    })
    first.fail(broken)
    second.fail(broken)
    assert.equal((await harness.ask({}, { session: "ses_3" })).status, 400)
    first.fail(FAILURES.throttled)
    second.fail(FAILURES.invalidModel)
    const later = await harness.ask({}, { session: "ses_4" })
    assert.equal(later.status, 429)
    assert.match(await errorText(later), /first: .* throttled.*second: .*Choose another model/)
  })

  it("for its model is told of an account whose list lacks it beside the one that has it and can't serve", async () => {
    await using harness = await startHarness()
    const first = await harness.add("first")
    await harness.add("second")
    for (const [accountId, modelId] of [
      ["first", "claude-sonnet-4.5"],
      ["second", "claude-haiku-4.5"],
    ] as const)
      await harness.store.setModelList({
        accountId,
        serviceRegion: "us-east-1",
        models: [{ modelId }],
        fetchedAt: 1,
      })
    first.fail(FAILURES.invalidModel)
    const response = await harness.ask()
    assert.deepEqual(harness.sent(), ["first"])
    assert.equal(response.status, 400)
    assert.match(await errorText(response), /second: is not offered claude-sonnet-4-5/)
  })

  it("for its model is told in a sentence where there is one account alone", async () => {
    await using harness = await startHarness()
    ;(await harness.add("only")).fail(FAILURES.invalidModel)
    const words = await errorText(await harness.ask())
    assert.match(words, /^Kiro: only is not offered claude-sonnet-4-5\. It said: “.*” Choose another model, /)
  })

  it("for the conversation's length is repeated once in a new conversation, which stays", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.fail(FAILURES.conversationLimit)
    await harness.store.remember({
      sessionId: "ses_1",
      session: (memory) => ({ ...memory, chosenAccountId: "work" }),
    })
    await hear(await harness.ask())
    assert.equal((await harness.store.session("ses_1")).chosenAccountId, "work")
    await hear(await harness.ask())
    const [first, second, third] = harness.fake.chats.map(({ body }) => conversationIdOf(body))
    assert.notEqual(second, first)
    assert.equal(third, second)
    account.fail(FAILURES.conversationLimit)
    account.fail(FAILURES.conversationLimit)
    assert.equal((await harness.ask()).status, 402)
    assert.equal((await harness.account("work")).health.state, "ok")
  })

  it("for the conversation's length takes none back that began behind it meanwhile", async () => {
    const meanwhile: (() => Promise<unknown>)[] = []
    await using harness = await startHarness({
      fetch: async (url, init) => {
        await meanwhile.pop()?.()
        return fetch(url, init)
      },
    })
    const account = await harness.add("work")
    account.fail(FAILURES.conversationLimit)
    const later = { generation: 3 }
    meanwhile.push(() =>
      harness.store.remember({ sessionId: "ses_1", session: (session) => ({ ...session, ...later }) }),
    )
    await hear(await harness.ask())
    assert.equal((await harness.store.session("ses_1")).generation, 3)
  })

  it("for a field is repeated without it, silently, and remembered for the model", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.fail(
      failure({
        status: 400,
        type: "ValidationException",
        message: "additionalModelRequestFields: output_config is not supported",
      }),
    )
    const thinking = { model: "claude-opus-4-6", reasoning_effort: "high" }
    await assertAnswered(harness.ask(thinking))
    await harness.gateway.close()
    assert.deepEqual(
      (await harness.store.opening("ses_1")).refusedFields.map(({ field }) => field),
      ["output_config"],
    )
    await hear(await harness.ask(thinking))
    assert.equal(harness.fake.chats.length, 3)
    assert.deepEqual(harness.fake.refused, [])
  })

  it("never exceeds the sends that the user allows", async () => {
    await using harness = await startHarness({
      settings: { maxRequestIterations: 5, rateLimitMaxRetries: 10 },
    })
    for (let number = 0; number < 9; number++)
      (await harness.add(`account ${number}`)).fail(FAILURES.throttled)
    const response = await harness.ask()
    assert.equal(response.status, 429)
    assert.equal(harness.sent().length, 5)
    assert.equal(new Set(harness.sent()).size, 5)
  })
})

describe("a key that no header can carry", () => {
  it("is refused as a key, and no part of it is told", async () => {
    for (const odd of ["\n", "\0", "\u{1f600}", "\ud800"]) {
      await using harness = await startHarness()
      const key = new Secret(`ksk_first${odd}second`)
      const login: Login = { id: "key", source: "own", kind: "api-key", key }
      await harness.store.add(newAccount({ id: "key", now: 0, logins: [login] }))
      const response = await harness.ask()
      const message = await errorText(response)
      assert.equal(response.status, 401)
      assert.match(message, /its API key was refused/)
      assert.doesNotMatch(message, /first|second/)
      assert.deepEqual(harness.clock.slept, [])
    }
  })
})

describe("more exhausted accounts than sends", () => {
  it("name each that was asked, until when it is out, and that the others were not", async () => {
    await using harness = await startHarness({ settings: { maxRequestIterations: 3 } })
    for (const label of ["one", "two", "three", "four"])
      (await harness.add(label)).fail(FAILURES.monthlyLimit)
    const response = await harness.ask()
    const message = await errorText(response)
    assert.equal(response.status, 402)
    assert.match(message, /^Kiro: no account that was asked can answer now/)
    for (const label of harness.sent())
      assert.match(message, new RegExp(`${label}: .*credits.*until Nov 25`), message)
    assert.equal(harness.sent().length, 3)
    assert.match(message, /max_request_iterations in kiro\.json allows 3 requests/)
    // The next message goes on where this one ended.
    const last = await harness.ask()
    assert.equal(harness.sent().length, 4)
    assert.doesNotMatch(await errorText(last), /max_request_iterations/)
  })

  it("are counted by what was sent: an account for which there is nowhere to send to is none of them", async () => {
    await using harness = await startHarness({ settings: { maxRequestIterations: 1 } })
    await harness.add("nowhere", {
      profileArns: ["arn:aws:codewhisperer:ap-south-1:123456789012:profile/ABCDEF123456"],
    })
    await harness.add("here")
    assert.equal((await hear(await harness.ask())).finishReason, "stop")
    assert.deepEqual(harness.profilesAsked, ["nowhere"])
    assert.deepEqual(harness.sent(), ["here"])
    assert.equal(harness.fake.chats[0]?.headers["amz-sdk-request"], "attempt=1; max=1")
  })

  it("are told of with those that could not be asked, for one of which the host waits", async () => {
    await using harness = await startHarness({ settings: { maxRequestIterations: 2 } })
    for (const label of ["one", "two"]) (await harness.add(label)).fail(FAILURES.monthlyLimit)
    await harness.add("busy")
    const since = harness.clock.now()
    const health = { state: "cooling", since, until: since + 9000, reason: "throttled", times: 1 } as const
    await harness.store.update("busy", (account) => ({ ...account, health }))
    const response = await harness.ask()
    assert.deepEqual([response.status, response.headers.get("retry-after-ms")], [429, "9000"])
    assert.match(await errorText(response), /one: .*credits.*two: .*credits.*busy: .*throttled/)
    assert.deepEqual(harness.usageAsked, ["one", "two"])
  })

  it("say nothing of others where there are none", async () => {
    await using harness = await startHarness({ settings: { maxRequestIterations: 2 } })
    for (const label of ["one", "two"]) (await harness.add(label)).fail(FAILURES.monthlyLimit)
    const message = await errorText(await harness.ask())
    assert.match(message, /one: .*two: /s)
    assert.doesNotMatch(message, /max_request_iterations/)
  })
})

describe("parallel requests", () => {
  it("share what one of them learned: nobody asks a parked account again", async () => {
    await using harness = await startHarness()
    const first = await harness.add("first")
    await harness.add("second")
    for (let number = 0; number < 5; number++) first.fail(FAILURES.monthlyLimit)
    const sessions = Array.from({ length: 5 }, (_, number) => `ses_${number}`)
    await Promise.all(sessions.map(async (session) => hear(await harness.ask({}, { session }))))
    const asked = harness.sent().filter((label) => label === "first").length
    await Promise.all(sessions.map(async (session) => hear(await harness.ask({}, { session }))))
    assert.equal(harness.sent().filter((label) => label === "first").length, asked)
    assert.deepEqual(harness.clock.slept, [])
  })

  it("renew one refused token once", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.expire()
    const heard = await Promise.all(
      Array.from({ length: 6 }, async (_, number) =>
        hear(await harness.ask({}, { session: `ses_${number}` })),
      ),
    )
    assert.ok(heard.every(({ finishReason }) => finishReason === "stop"))
    assert.equal(account.refreshCount, 1)
  })

  it("never hear each other's answers", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.otherwise = ({ text: body }) => stream(text(/<m\d+>/.exec(body)?.[0] ?? "?"), finish())
    const markers = Array.from({ length: 20 }, (_, number) => `<m${number}>`)
    const heard = await Promise.all(
      markers.map(async (marker) => {
        const messages = [{ role: "user", content: marker }]
        return (await hear(await harness.ask({ messages }, { session: marker }))).text
      }),
    )
    assert.deepEqual(heard, markers)
  })
})

describe("a wait", () => {
  for (const [others, status] of [
    [[], 403],
    [["second"], 200],
  ] as const)
    it(`asks no account again that was suspended meanwhile, with ${others.length} other accounts`, async () => {
      await using harness = await startHarness({
        log: {
          ...silentLog,
          info: (message) => {
            if (message === "chat attempt failed") void harness.store.update("first", suspend)
          },
        },
      })
      const first = await harness.add("first")
      for (const label of others) await harness.add(label)
      first.fail(FAILURES.capacity)
      const response = await harness.ask()
      assert.equal(response.status, status)
      assert.deepEqual(harness.sent(), ["first", ...others])
      assert.deepEqual(harness.clock.slept, [5000])
    })
})

/** Of the two hosts the first one answers no request, as long as it is out. */
function withoutOneHost(fault: Error, isOut = (): boolean => true): Fetch {
  return (url, init) => {
    const host = new Headers(init.headers).get("x-kiro-original-host") ?? ""
    return isOut() && host.startsWith("q.") ? Promise.reject(fault) : fetch(url, init)
  }
}

function suspend(account: Account): Account {
  return { ...account, health: { state: "revoked", since: 0, reason: "suspended" } }
}

describe("an abort of the caller", () => {
  it(
    "closes the connection to Kiro before the first word, and is what the caller gets",
    { skip: OLD_BUN },
    async () => {
      await using harness = await startHarness()
      const account = await harness.add("work")
      account.script(neverAnswers)
      const caller = new AbortController()
      harness.fake.onRequest = () => setImmediate(() => caller.abort(new Error("Esc")))
      await assert.rejects(harness.ask({}, { signal: caller.signal }), /Esc/)
      assert.equal(await harness.fake.chats[0]?.ended, "aborted")
      assert.equal((await harness.account("work")).health.state, "ok")
    },
  )

  it("ends a wait that knows nothing of it", async () => {
    const caller = new AbortController()
    const esc = new Error("Esc")
    await using harness = await startHarness({
      importLogins: () => {
        setImmediate(() => caller.abort(esc))
        return new Promise(() => {})
      },
    })
    await assert.rejects(harness.ask({}, { signal: caller.signal }), esc)
  })

  it("before anything was done sends nothing", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    await assert.rejects(harness.ask({}, { signal: AbortSignal.abort(new Error("Esc")) }), /Esc/)
    assert.deepEqual(harness.fake.requests, [])
  })
})
