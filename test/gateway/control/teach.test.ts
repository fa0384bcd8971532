import assert from "node:assert/strict"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import { type Account, type AccountStore, newAccount, type Notice } from "../../../src/accounts/index.ts"
import { recordOf, withRecord } from "../../../src/accounts/login.ts"
import { createLookUps, type LookUpOptions, type OpenLookUps } from "../../../src/gateway/control/look-ups.ts"
import { fetchOwner } from "../../../src/gateway/control/questions.ts"
import { present } from "../../../src/json.ts"
import { Secret } from "../../../src/secret.ts"
import { DEFAULT_SETTINGS, type Settings } from "../../../src/settings/index.ts"
import type { FakeClock } from "../../support/clock.ts"
import {
  type AccountOptions,
  type FakeAccount,
  FAILURES,
  type FakeKiro,
  startFakeKiro,
} from "../../support/fake-kiro/index.ts"
import { controlOf } from "./support.ts"
import { openStore } from "../../accounts/open-for-test.ts"
import { temporaryFolder } from "../../support/temporary-folder.ts"
import { eventually } from "../../support/clock.ts"

const folder = temporaryFolder()
const closers: (() => Promise<void>)[] = []
after(async () => {
  for (const close of closers) await close()
})

let benches = 0

interface Bench {
  readonly person: FakeAccount
  readonly clock: FakeClock
  readonly store: AccountStore
  readonly lookUps: OpenLookUps
  readonly notices: readonly Notice[]
  readonly account: () => Promise<Account | undefined>
}

/** One account "a" in a real store, whose person is at the fake service. */
async function bench(
  fake: FakeKiro,
  options: AccountOptions = {},
  settings: Partial<Settings> = {},
): Promise<Bench> {
  const person = fake.account(options)
  const { client, clock } = controlOf(fake, person.accessToken)
  const path = join(folder, `${++benches}`)
  const { store, notices, notify } = await openStore({ path: `${path}.db`, clock })
  const tokens: LookUpOptions["tokens"] = {
    here: (accounts) => accounts,
    fresh: async ({ account, rejected }) => {
      const [login] = account.logins
      if (login === undefined || rejected !== undefined)
        return { state: "none", reason: "revoked", message: "" }
      const profileArn = account.profileArn ?? login.profileArn
      return {
        state: "token",
        login,
        accessToken: new Secret(person.accessToken),
        ...(profileArn !== undefined && { profileArn }),
      }
    },
  }
  const secret = new Secret("unused")
  await store.add(
    newAccount({
      id: "a",
      now: 0,
      logins: [
        {
          id: "login",
          source: "own",
          kind: "idc",
          loginRegion: "us-east-1",
          client: { clientId: "client", clientSecret: secret },
          tokens: {
            accessToken: new Secret(person.accessToken),
            refreshToken: secret,
            expiresAt: clock.now() + 48 * 3_600_000,
          },
        },
      ],
    }),
  )
  const lookUps = createLookUps({
    client,
    store,
    tokens,
    identify: (login, signal) => fetchOwner({ client, login, defaultRegion: "us-east-1", signal }),
    settings: { ...DEFAULT_SETTINGS, ...settings },
    modelsPath: `${path}.json`,
    notify,
  })
  closers.push(async () => {
    await lookUps.close()
    await store.close()
  })
  return { person, clock, store, lookUps, notices, account: () => store.get("a") }
}

const signal = new AbortController().signal

describe("a removed account", () => {
  it("is asked about no more, though its program is owed its pair", async () => {
    await using fake = await startFakeKiro()
    const { store, lookUps, account } = await bench(fake)
    const places = [{ source: "kiro-cli", key: "k", shown: "h", owed: true }] as const
    await store.update("a", (current) => ({
      ...current,
      logins: current.logins.map((login) => withRecord(login, { places })),
    }))
    await store.remove("a")
    assert.equal((await account())?.logins.length, 1)
    await lookUps.usageNow("a")
    assert.equal(await lookUps.profile("a", { signal }), false)
    assert.deepEqual(fake.requests, [])
  })
})

describe("a usage call", () => {
  it("teaches credits, user id and host, at most once a minute", async () => {
    await using fake = await startFakeKiro()
    const { person, clock, lookUps, account } = await bench(fake, { usage: { used: 12.37, limit: 50 } })
    await lookUps.usage("a", signal)
    await lookUps.usage("a", signal)
    const known = await account()
    assert.equal(known?.userId, person.userId)
    assert.equal(known.quota?.used, 12.37)
    assert.equal(known.quota.checkedAt, clock.now())
    assert.equal(known.hosts["control"], "q.us-east-1.amazonaws.com")
    assert.equal(fake.received("GetUsageLimits").length, 1)
    clock.advance(60_000)
    await lookUps.usage("a", signal)
    assert.equal(fake.received("GetUsageLimits").length, 2)
  })

  it("counts for whose login it turns out to be, not for the account that an older version put it in", async () => {
    await using fake = await startFakeKiro()
    const { person, store, lookUps, account } = await bench(fake, { usage: { used: 12.37, limit: 50 } })
    await store.update("a", (current) => ({ ...current, userId: "somebody else" }))
    await lookUps.usage("a", signal)
    assert.deepEqual([(await account())?.quota, (await account())?.hosts], [undefined, {}])
    const [own] = (await store.list()).filter(({ userId }) => userId === person.userId)
    assert.equal(own?.quota?.used, 12.37)
    assert.equal(own.hosts["control"], "q.us-east-1.amazonaws.com")
  })

  it("ends a quota cool-down where there is room again", async () => {
    await using fake = await startFakeKiro()
    const { clock, store, lookUps, account } = await bench(fake, { usage: { used: 1, limit: 50 } })
    const since = clock.now()
    await store.update("a", (current) => ({
      ...current,
      health: { state: "cooling", since, until: since + 1e9, reason: "monthly-quota", times: 1 },
    }))
    await lookUps.usage("a", signal)
    assert.deepEqual((await account())?.health, { state: "ok" })
  })

  for (const used of [40, 45])
    it(`tells once that the credits run out, at ${used} of 50`, async () => {
      await using fake = await startFakeKiro()
      const { clock, lookUps, notices } = await bench(fake, { usage: { used, limit: 50 } })
      await lookUps.usage("a", signal)
      clock.advance(60_000)
      await lookUps.usage("a", signal)
      assert.deepEqual(
        notices.map((notice) => notice.kind),
        ["quota-high"],
      )
    })

  it("is made once for the user id where usage is not tracked, and tells nothing", async () => {
    await using fake = await startFakeKiro()
    const { person, clock, lookUps, notices, account } = await bench(
      fake,
      { usage: { used: 45, limit: 50 } },
      { usageTrackingEnabled: false },
    )
    await lookUps.usage("a", signal)
    clock.advance(3_600_000)
    await lookUps.usage("a", signal)
    assert.equal((await account())?.userId, person.userId)
    assert.equal(fake.received("GetUsageLimits").length, 1)
    assert.deepEqual(notices, [])
  })

  for (const [what, refusal, minutes] of [
    ["is refused", FAILURES.notAuthorized, [0, 1, 3, 7, 15, 30, 45]],
    ["is unsupported", FAILURES.featureNotSupported, [0, 24 * 60]],
  ] as const)
    it(`is made ever less often where usage is not tracked and it ${what}`, async () => {
      await using fake = await startFakeKiro()
      const { clock, lookUps } = await bench(
        fake,
        { tokenLifetimeSeconds: 48 * 3600 },
        { usageTrackingEnabled: false },
      )
      fake.intercept((request) => request.operation === "GetUsageLimits", refusal)
      const asked: number[] = []
      for (let minute = 0; minute < (minutes.at(-1) ?? 0) + 10; minute += 1) {
        fake.forget()
        await lookUps.usage("a", signal)
        if (fake.received("GetUsageLimits").length > 0) asked.push(minute)
        clock.advance(60_000)
      }
      assert.deepEqual(asked, minutes)
    })

  it("is made once a day where the account has no usage", async () => {
    await using fake = await startFakeKiro()
    const { clock, lookUps } = await bench(fake, { tokenLifetimeSeconds: 48 * 3600 })
    fake.intercept((request) => request.operation === "GetUsageLimits", FAILURES.featureNotSupported)
    const hours: number[] = []
    for (let hour = 0; hour < 30; hour += 1) {
      fake.forget()
      await lookUps.usage("a", signal)
      if (fake.received("GetUsageLimits").length > 0) hours.push(hour)
      clock.advance(3_600_000)
    }
    assert.deepEqual(hours, [0, 24])
  })

  it("is not repeated after a throttle, and is backed off after a fault", async () => {
    await using fake = await startFakeKiro()
    const { clock, store, lookUps } = await bench(fake)
    fake.intercept((request) => request.operation === "GetUsageLimits", FAILURES.throttled)
    lookUps.afterAnswer("a")
    await eventually(() => fake.received("GetUsageLimits").length > 0)
    fake.intercept((request) => request.operation === "GetUsageLimits", FAILURES.internalError)
    await eventually(async () => (await store.modelLists()).length > 0)
    await lookUps.usage("a", signal)
    assert.equal(fake.received("GetUsageLimits").length, 1)
    clock.advance(60_000)
    lookUps.afterAnswer("a")
    await eventually(() => fake.received("GetUsageLimits").length === 5)
    assert.deepEqual(clock.slept, [1000, 2000, 4000])
  })

  it("is the first to hear of a suspension", async () => {
    await using fake = await startFakeKiro()
    const { person, lookUps, notices, account } = await bench(fake)
    person.suspended = true
    await lookUps.usage("a", signal)
    assert.equal((await account())?.health.state, "revoked")
    assert.deepEqual(
      notices.map((notice) => notice.kind === "account-revoked" && notice.reason),
      ["suspended"],
    )
  })

  it("tells once of a suspension, however often it is heard of", async () => {
    await using fake = await startFakeKiro()
    const { person, clock, lookUps, notices } = await bench(fake)
    person.suspended = true
    await lookUps.usage("a", signal)
    clock.advance(60_000)
    await lookUps.usage("a", signal)
    assert.equal(fake.received("GetUsageLimits").length, 2)
    assert.equal(notices.length, 1)
  })

  it("is no failure where the account has no usage", async () => {
    await using fake = await startFakeKiro()
    const { lookUps, notices, account } = await bench(fake)
    fake.intercept((request) => request.operation === "GetUsageLimits", FAILURES.featureNotSupported)
    await lookUps.usage("a", signal)
    assert.deepEqual((await account())?.health, { state: "ok" })
    assert.deepEqual(notices, [])
  })

  it("lets who waits for it leave", async () => {
    await using fake = await startFakeKiro()
    const { lookUps } = await bench(fake)
    await assert.rejects(lookUps.usage("a", AbortSignal.abort(new Error("enough"))), /enough/)
  })
})

describe("a profile look-up", () => {
  const arn = (region: string, name: string): string =>
    `arn:aws:codewhisperer:${region}:123456789012:profile/${name}`

  it("goes on without another login's profile where a Builder ID was refused with that and has none", async () => {
    await using fake = await startFakeKiro()
    const { store, lookUps, account } = await bench(fake, { profileArns: [] })
    const foreign = arn("eu-central-1", "COMPANY")
    const taken = (current: Account): Account => ({
      ...current,
      logins: current.logins.map((login) => ({ ...login, profileArn: foreign })),
    })
    await store.update("a", taken)
    assert.equal(await lookUps.profile("a", { signal, refused: { profileArn: foreign } }), true)
    const [login] = (await account())?.logins ?? []
    assert.match(login?.profileArn ?? "", /^arn:aws:codewhisperer:us-east-1:638616132270:/)
    // What the service goes on to refuse is about the plan.
    assert.equal(
      await lookUps.profile("a", { signal, refused: present({ profileArn: login?.profileArn }) }),
      false,
    )
    assert.equal(login && recordOf(login).refusedProfile, foreign)
  })

  it("finds the only profile, in whatever region, and keeps it for the login", async () => {
    await using fake = await startFakeKiro()
    const only = arn("eu-central-1", "TEAM")
    const { lookUps, account } = await bench(fake, { kind: "identity-center", profileArns: [only] })
    assert.equal(await lookUps.profile("a", { signal }), true)
    assert.equal((await account())?.logins[0]?.profileArn, only)
    assert.equal(await lookUps.profile("a", { signal }), false)
  })

  it("asks for none where another request has found it, or the user chosen it, since this one was sent", async () => {
    await using fake = await startFakeKiro()
    const only = arn("eu-central-1", "TEAM")
    const { store, lookUps } = await bench(fake, { kind: "identity-center", profileArns: [only] })
    assert.equal(await lookUps.profile("a", { signal, refused: {} }), true)
    const asked = fake.requests.length
    assert.equal(await lookUps.profile("a", { signal, refused: {} }), true)
    const mine = arn("us-east-1", "MINE")
    await store.update("a", (current) => ({ ...current, profileArn: mine }))
    assert.equal(await lookUps.profile("a", { signal, refused: { profileArn: only } }), true)
    assert.equal(await lookUps.profile("a", { signal, refused: { profileArn: mine } }), false)
    assert.equal(fake.requests.length, asked)
  })

  it("asks the user where there are several, unless the settings name one", async () => {
    await using fake = await startFakeKiro()
    const profileArns = [arn("us-east-1", "ONE"), arn("eu-central-1", "TWO")]
    const asking = await bench(fake, { kind: "identity-center", profileArns })
    assert.equal(await asking.lookUps.profile("a", { signal }), false)
    assert.deepEqual(
      asking.notices.map((notice) => notice.kind),
      ["profile-choice"],
    )
    const parked = (await asking.account())?.health
    assert.deepEqual(parked?.state === "cooling" && parked.profiles, profileArns)
    const [, second] = profileArns
    assert.ok(second)
    const told = await bench(fake, { kind: "identity-center", profileArns }, { idcProfileArn: second })
    assert.equal(await told.lookUps.profile("a", { signal }), true)
    assert.equal((await told.account())?.logins[0]?.profileArn, second)
  })

  it("takes the user's word where the service lists none, and ends what was held against the account", async () => {
    await using fake = await startFakeKiro()
    const mine = arn("eu-central-1", "MINE")
    const settings = { idcProfileArn: mine }
    const { clock, store, lookUps, account } = await bench(fake, { profileArns: [] }, settings)
    assert.equal(await lookUps.profile("a", { signal }), false)
    await store.update("a", (current) => ({
      ...current,
      logins: current.logins.map((login) => ({ ...login, startUrl: "https://d-1.awsapps.com/start" })),
      health: {
        state: "cooling",
        since: 1,
        until: clock.now() + 1e6,
        reason: "not-authorized",
        times: 1,
      },
    }))
    assert.equal(await lookUps.profile("a", { signal }), true)
    assert.equal((await account())?.logins[0]?.profileArn, mine)
    assert.equal((await account())?.health.state, "ok")
  })

  it("leaves the user's own choice alone", async () => {
    await using fake = await startFakeKiro()
    const { store, lookUps, account } = await bench(fake, {
      kind: "identity-center",
      profileArns: [arn("us-east-1", "ONE")],
    })
    await store.update("a", (current) => ({ ...current, profileArn: arn("us-east-1", "MINE") }))
    assert.equal(await lookUps.profile("a", { signal }), false)
    assert.equal((await account())?.profileArn, arn("us-east-1", "MINE"))
  })
})

describe("a usage call that another login of the account had to make", () => {
  it("names that login, and not the one whose token was refused", async () => {
    await using fake = await startFakeKiro()
    const { store, clock } = await bench(fake)
    const other = fake.account()
    const { client } = controlOf(fake, other.accessToken)
    const [first] = (await store.get("a"))?.logins ?? []
    assert.ok(first?.kind === "idc")
    const secret = new Secret("another")
    const tokens = { accessToken: secret, refreshToken: secret, expiresAt: clock.now() + 3_600_000 }
    const { record: _, ...unknown } = first
    const second = { ...unknown, id: "second", tokens }
    await store.update("a", (account) => ({ ...account, logins: [first, second] }))
    const profiles: (string | undefined)[] = [undefined, undefined, undefined, "arn:other"]
    const lookUps = createLookUps({
      client,
      store,
      tokens: {
        here: (accounts) => accounts,
        fresh: async ({ account, rejected }) => {
          const login = account.logins.find(({ id }) => id === (rejected === undefined ? "login" : "second"))
          assert.ok(login)
          return {
            state: "token",
            login,
            accessToken: new Secret(rejected === undefined ? "ended" : other.accessToken),
            ...present({ profileArn: profiles.shift() }),
          }
        },
      },
      identify: async () => ({ outcome: "failed" }),
      settings: DEFAULT_SETTINGS,
      modelsPath: join(folder, "unused.json"),
      notify: () => undefined,
    })
    await lookUps.usage("a", signal)
    const asked = (): number => fake.received("GetUsageLimits").length
    const before = asked()
    await lookUps.usageNow("a")
    // What is asked names the profile of the first one.
    assert.equal(asked(), before + 1)
    await lookUps.close()
    const owners = (await store.listAll()).flatMap(({ logins }) =>
      logins.map((login) => [login.id, login.record?.owner]),
    )
    assert.deepEqual(owners, [
      ["login", undefined],
      ["second", other.userId],
    ])
  })
})
