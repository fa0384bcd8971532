import assert from "node:assert/strict"
import { after, afterEach, before, beforeEach, describe, it } from "node:test"
import {
  type DeviceAuthorization,
  type DeviceErrorCode,
  DeviceAuthorizationError,
  pollForSocialTokens,
  startSocialDeviceAuthorization,
  type DeviceTokens,
} from "../../src/oauth/index.ts"
import { silentLog, systemRuntime } from "../../src/runtime.ts"
import { fakeClock, type FakeClock } from "../support/clock.ts"
import {
  type FakeKiro,
  json,
  type Reply,
  resetBeforeHeaders,
  startFakeKiro,
} from "../support/fake-kiro/index.ts"

const PROFILE = "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK"
const device = {
  deviceCode: "device-1",
  userCode: "WXYZ-1234",
  verificationUri: "https://app.kiro.dev/device",
  verificationUriComplete: "https://app.kiro.dev/device?code=WXYZ-1234",
  intervalInMilliseconds: 2500,
  expiresInMilliseconds: 600_000,
}
const approved = {
  accessToken: "aoaNEW",
  refreshToken: "aorNEW",
  profileArn: PROFILE,
  identityProvider: "Github",
}

describe("device authorization at the social service", () => {
  let fake: FakeKiro
  let clock: FakeClock
  let starts: Reply[]
  let polls: Reply[]

  before(async () => {
    fake = await startFakeKiro()
    fake.intercept(
      () => true,
      (request) => {
        const next = (request.path === "/oauth/device/poll" ? polls : starts).shift()
        if (next === undefined) throw new Error(`nothing scripted for ${request.path}`)
        return next
      },
    )
  })
  after(() => fake.close())
  beforeEach(() => {
    clock = fakeClock()
    starts = [json(device)]
    polls = [json(approved)]
    fake.requests.length = 0
  })
  afterEach(() => assert.deepEqual(fake.scriptErrors, []))

  const options = () => ({
    runtime: { ...systemRuntime(silentLog), clock },
    endpointOverride: fake.url,
    signal: new AbortController().signal,
  })
  const start = (): Promise<DeviceAuthorization> =>
    startSocialDeviceAuthorization({ ...options(), provider: "Github" })
  const signIn = async (): Promise<DeviceTokens> =>
    pollForSocialTokens({ ...options(), authorization: await start() })
  const refusedWith =
    (code: DeviceErrorCode) =>
    (error: unknown): boolean =>
      error instanceof DeviceAuthorizationError && error.code === code

  it("names the provider and the service's own client, and keeps the profile that comes with the tokens", async () => {
    const tokens = await signIn()
    assert.deepEqual(
      fake.requests.map(({ host, path, body }) => ({ host, path, body })),
      [
        {
          host: "prod.us-east-1.auth.desktop.kiro.dev",
          path: "/oauth/device/authorization",
          body: { clientId: "kiro-cli", loginProvider: "Github" },
        },
        {
          host: "prod.us-east-1.auth.desktop.kiro.dev",
          path: "/oauth/device/poll",
          body: { clientId: "kiro-cli", deviceCode: "device-1" },
        },
      ],
    )
    assert.equal(tokens.profileArn, PROFILE)
    assert.equal(tokens.identityProvider, "Github")
    assert.equal(tokens.expiresAt, clock.now() + 3_600_000)
  })

  it("reads its times as milliseconds", async () => {
    polls = [json({ status: "authorization_pending" }), json({ status: "slow_down" }), json(approved)]
    await signIn()
    assert.deepEqual(clock.slept, [2500, 2500, 7500])
  })

  it("waits 5 seconds where the service names an interval of none", async () => {
    starts = [json({ ...device, intervalInMilliseconds: 0 })]
    await signIn()
    assert.deepEqual(clock.slept, [5000])
  })

  it("takes pending as an error with status 400 for the same", async () => {
    polls = [json({ error: "authorization_pending" }, { status: 400 }), resetBeforeHeaders, json(approved)]
    await signIn()
    assert.deepEqual(clock.slept, [2500, 2500, 5000])
  })

  it("counts the tokens' life in seconds where the service names it", async () => {
    polls = [json({ ...approved, expiresIn: 120 })]
    assert.equal((await signIn()).expiresAt, clock.now() + 120_000)
  })

  for (const code of ["access_denied", "expired_token"] as const)
    it(`stops at ${code}`, async () => {
      polls = [json({ status: code })]
      await assert.rejects(signIn(), refusedWith(code))
    })

  it("stops where the answer has no tokens", async () => {
    polls = [json({})]
    await assert.rejects(signIn(), refusedWith("malformed-answer"))
  })

  it("goes on asking where something in front has a fault, and says who refused where it said no", async () => {
    const page = (status: number): Reply => ({
      kind: "document",
      status,
      headers: {},
      body: "<title>Portal</title>",
    })
    polls = [page(502), page(408), page(200), json(approved)]
    await signIn()
    assert.deepEqual(polls, [])
    starts = [page(403)]
    await assert.rejects(signIn(), { code: "refused-on-the-way", message: "403 Portal" })
  })

  it("goes on asking behind a fault of the service, whatever word comes with it", async () => {
    const fault = (error: string, status: number): Reply => json({ error }, { status })
    polls = [fault("invalid_request", 500), fault("access_denied", 429), json(approved)]
    await signIn()
    assert.deepEqual(polls, [])
  })

  it("opens the page with the code filled in where the service names no other", async () => {
    const { verificationUri: _, ...rest } = device
    starts = [json(rest)]
    assert.equal((await start()).verificationUri, "https://app.kiro.dev/device?code=WXYZ-1234")
  })

  it("sends no browser to what is no page", async () => {
    starts = [json({ ...device, verificationUri: "file:///a", verificationUriComplete: "javascript:b" })]
    await assert.rejects(signIn(), refusedWith("malformed-answer"))
  })

  it("stops at the code's expiry", async () => {
    starts = [json({ ...device, expiresInMilliseconds: 4000 })]
    polls = [json({ status: "authorization_pending" })]
    await assert.rejects(signIn(), refusedWith("expired_token"))
    assert.deepEqual(clock.slept, [2500])
  })

  it("says that there was no answer when there was none", async () => {
    starts = [resetBeforeHeaders]
    await assert.rejects(signIn(), refusedWith("unreachable"))
  })
})
