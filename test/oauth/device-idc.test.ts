import assert from "node:assert/strict"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { after, afterEach, before, beforeEach, describe, it } from "node:test"
import {
  type DeviceErrorCode,
  DeviceAuthorizationError,
  pollForIdcTokens,
  startIdcDeviceAuthorization,
  type ClientRegistration,
  type DeviceTokens,
  type IdcFlow,
} from "../../src/oauth/index.ts"
import { silentLog, systemRuntime, type Runtime } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { USER_AGENT } from "../../src/version.ts"
import { fakeClock, type FakeClock } from "../support/clock.ts"
import {
  type FakeKiro,
  json,
  type Reply,
  resetBeforeHeaders,
  startFakeKiro,
} from "../support/fake-kiro/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const START_URL = "https://d-9067642ac7.awsapps.com/start"
const DAY_MS = 86_400_000

const registered = {
  clientId: "client-1",
  clientSecret: "secret-1",
  clientSecretExpiresAt: Date.UTC(2027, 1, 20) / 1000,
}
const device = {
  deviceCode: "device-1",
  userCode: "ABCD-EFGH",
  verificationUri: `${START_URL}/#/device`,
  verificationUriComplete: `${START_URL}/#/device?user_code=ABCD-EFGH`,
  expiresIn: 600,
  interval: 1,
}
const tokens = { accessToken: "aoaNEW", refreshToken: "aorNEW", tokenType: "Bearer", expiresIn: 28_800 }
const refusal = (error: string, status = 400): Reply =>
  json({ error, error_description: `about ${error}` }, { status })

describe("device authorization at SSO OIDC", () => {
  let fake: FakeKiro
  let clock: FakeClock
  let runtime: Runtime
  let replies: { register: Reply[]; authorize: Reply[]; token: Reply[] }
  let saved: Map<string, ClientRegistration>
  let controller: AbortController

  before(async () => {
    fake = await startFakeKiro()
    fake.intercept(
      () => true,
      (request) => {
        const queue = {
          "/client/register": "register",
          "/device_authorization": "authorize",
          "/token": "token",
        } as const
        const next = replies[queue[request.path as keyof typeof queue]].shift()
        if (next === undefined) throw new Error(`nothing scripted for ${request.path}`)
        return next
      },
    )
  })
  after(() => fake.close())
  beforeEach(() => {
    clock = fakeClock()
    runtime = { ...systemRuntime(silentLog), clock }
    replies = { register: [json(registered)], authorize: [json(device)], token: [json(tokens)] }
    saved = new Map()
    controller = new AbortController()
    fake.requests.length = 0
  })
  afterEach(() => assert.deepEqual(fake.scriptErrors, []))

  const options = (): Parameters<typeof startIdcDeviceAuthorization>[0] => ({
    runtime,
    loginRegion: "eu-north-1",
    endpointOverride: fake.url,
    startUrl: START_URL,
    registrations: {
      find: async ({ loginRegion, startUrl }) => saved.get(`${loginRegion} ${startUrl}`),
      save: async ({ loginRegion, startUrl }, registration) =>
        void saved.set(`${loginRegion} ${startUrl}`, registration),
    },
    signal: controller.signal,
  })
  const start = (): Promise<IdcFlow> => startIdcDeviceAuthorization(options())
  const signIn = async (): Promise<DeviceTokens> => pollForIdcTokens({ ...options(), flow: await start() })
  const refusedWith =
    (code: DeviceErrorCode) =>
    (error: unknown): boolean =>
      error instanceof DeviceAuthorizationError && error.code === code
  const paths = (): string[] => fake.requests.map((request) => request.path)

  it("registers, starts and polls in the login region, under one client name and our own agent string", async () => {
    const result = await signIn()
    assert.deepEqual(paths(), ["/client/register", "/device_authorization", "/token"])
    for (const request of fake.requests) {
      assert.equal(request.host, "oidc.eu-north-1.amazonaws.com")
      assert.equal(request.headers["user-agent"], USER_AGENT)
      assert.equal(request.headers["x-amz-user-agent"], undefined)
    }
    assert.deepEqual(
      fake.requests.map((request) => request.body),
      [
        {
          clientName: "opencode-kiro-auth",
          clientType: "public",
          scopes: ["codewhisperer:completions", "codewhisperer:analysis", "codewhisperer:conversations"],
        },
        { clientId: "client-1", clientSecret: "secret-1", startUrl: START_URL },
        {
          clientId: "client-1",
          clientSecret: "secret-1",
          grantType: "urn:ietf:params:oauth:grant-type:device_code",
          deviceCode: "device-1",
        },
      ],
    )
    assert.equal(result.accessToken.reveal(), "aoaNEW")
    assert.equal(result.refreshToken?.reveal(), "aorNEW")
    assert.equal(result.expiresAt, clock.now() + 28_800_000)
  })

  it("gives the page with the code filled in, and counts the code's life from now", async () => {
    const { authorization, client } = await start()
    assert.equal(authorization.userCode, "ABCD-EFGH")
    assert.equal(authorization.verificationUriComplete, device.verificationUriComplete)
    assert.equal(authorization.expiresAt, clock.now() + 600_000)
    assert.equal(client.expiresAt, registered.clientSecretExpiresAt * 1000)
  })

  it("waits one interval before each question while the approval is pending", async () => {
    replies.token = [refusal("authorization_pending"), refusal("authorization_pending"), json(tokens)]
    await signIn()
    assert.deepEqual(clock.slept, [1000, 1000, 1000])
  })

  it("waits 5 seconds where the service names no interval", async () => {
    replies.authorize = [json({ ...device, interval: undefined })]
    await signIn()
    assert.deepEqual(clock.slept, [5000])
  })

  it("waits as long where the interval is none, and never less than a second or more than a minute", async () => {
    const intervals = [0, -1, 0.01, 86_400]
    for (const interval of intervals) {
      replies = {
        register: [json(registered)],
        authorize: [json({ ...device, interval })],
        token: [json(tokens)],
      }
      saved.clear()
      await signIn()
    }
    assert.deepEqual(clock.slept, [5000, 5000, 1000, 60_000])
  })

  it("counts a life of more than a year as unknown", async () => {
    replies.token = [json({ ...tokens, expiresIn: 1e12 })]
    assert.equal((await signIn()).expiresAt, clock.now() + 3_600_000)
  })

  it("takes pending and slow_down in an answer with status 200 for what they say", async () => {
    replies.token = [refusal("authorization_pending", 200), refusal("slow_down", 200), json(tokens)]
    await signIn()
    assert.deepEqual(clock.slept, [1000, 1000, 6000])
  })

  it("takes the exception's name in a header for the same", async () => {
    const named = (name: string): Reply =>
      json({ message: name }, { status: 400, headers: { "x-amzn-errortype": name } })
    replies.token = [named("AuthorizationPendingException"), named("SlowDownException"), json(tokens)]
    await signIn()
    assert.deepEqual(clock.slept, [1000, 1000, 6000])
  })

  it("keeps the 5 seconds of every slow_down for good", async () => {
    replies.token = ["slow_down", "authorization_pending", "slow_down", "authorization_pending"].map((word) =>
      refusal(word),
    )
    replies.token.push(json(tokens))
    await signIn()
    assert.deepEqual(clock.slept, [1000, 6000, 6000, 11_000, 11_000])
  })

  it("survives lost connections and faults of the service, and asks less often meanwhile", async () => {
    replies.token = [
      resetBeforeHeaders,
      refusal("internal", 500),
      refusal("authorization_pending"),
      json(tokens),
    ]
    await signIn()
    assert.deepEqual(clock.slept, [1000, 2000, 4000, 1000])
  })

  it("asks no sooner than it was told to for a fault, also where that is more than a minute", async () => {
    replies.authorize = [json({ ...device, interval: 60 })]
    replies.token = [refusal("slow_down"), refusal("internal", 500), json(tokens)]
    await signIn()
    assert.deepEqual(clock.slept, [60_000, 65_000, 65_000])
  })

  it("stops at the code's expiry without a question that can't be answered", async () => {
    replies.authorize = [json({ ...device, expiresIn: 12, interval: 5 })]
    replies.token = [refusal("authorization_pending"), refusal("authorization_pending")]
    await assert.rejects(signIn(), refusedWith("expired_token"))
    assert.deepEqual(clock.slept, [5000, 5000])
    assert.deepEqual(replies.token, [])
  })

  it("asks nothing at the very moment of the code's expiry", async () => {
    replies.authorize = [json({ ...device, expiresIn: 10, interval: 5 })]
    replies.token = [refusal("authorization_pending"), json(tokens)]
    await assert.rejects(signIn(), refusedWith("expired_token"))
    assert.deepEqual(clock.slept, [5000])
  })

  for (const code of ["access_denied", "expired_token", "invalid_grant", "invalid_client"] as const)
    it(`stops at ${code} and gives the service's words`, async () => {
      replies.token = [refusal(code)]
      await assert.rejects(
        signIn(),
        (error) => refusedWith(code)(error) && String(error).includes(`about ${code}`),
      )
    })

  it("stops at a refusal whose code nobody knows", async () => {
    replies.token = [refusal("brand_new_refusal")]
    await assert.rejects(signIn(), refusedWith("invalid_request"))
  })

  it("asks each question once, whatever the answer", async () => {
    replies.register = [refusal("internal", 500)]
    await assert.rejects(start(), refusedWith("service-error"))
    assert.deepEqual(paths(), ["/client/register"])
  })

  it("says that there was no answer when there was none", async () => {
    replies.register = [resetBeforeHeaders]
    await assert.rejects(start(), refusedWith("unreachable"))
  })

  const text = (status: number, body: string, headers = {}): Reply => ({
    kind: "document",
    status,
    headers,
    body,
  })
  const page = (status: number): Reply =>
    text(status, "<html><head><title>Blocked by Example</title></head></html>")

  it("says who refused where it was not the service, in the words of the page", async () => {
    // A 407 of anybody but its proxy is no answer to Node's fetch, as the standard has it.
    for (const status of "Bun" in globalThis ? [400, 401, 403, 407] : [400, 401, 403]) {
      replies.register = [page(status)]
      await assert.rejects(start(), { code: "refused-on-the-way", message: `${status} Blocked by Example` })
    }
    replies.register = [page(502)]
    await assert.rejects(start(), { code: "service-error", message: "502 Blocked by Example" })
    replies.register = [page(200)]
    await assert.rejects(start(), { code: "unreachable", message: "200 Blocked by Example" })
  })

  it("goes on asking behind a page that passes, and ends at one that says no", async () => {
    replies.token = [page(503), page(408), page(429), page(200), json(tokens)]
    await signIn()
    assert.deepEqual(replies.token, [])
    replies = { register: [json(registered)], authorize: [json(device)], token: [page(403), json(tokens)] }
    await assert.rejects(signIn(), refusedWith("refused-on-the-way"))
  })

  it("reads answers whose members are of any type, or too deep to be read", async () => {
    const odd = [{ message: 12 }, { message: { a: 1 }, error: ["x"] }, { error_description: 1, code: {} }]
    replies.token = [
      ...odd.map((document) => json(document, { status: 500 })),
      text(500, `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
      text(500, "null"),
      json(tokens),
    ]
    await signIn()
    assert.deepEqual(replies.token, [])
  })

  it("names the status of a refusal without a word", async () => {
    replies.register = [text(403, "")]
    await assert.rejects(start(), { code: "invalid_request", message: "HTTP 403" })
    replies.register = [json({ Message: "No such client." }, { status: 400 })]
    await assert.rejects(start(), { message: "No such client." })
  })

  it("sends no browser to what is no page, and shows no code that a terminal would obey", async () => {
    for (const odd of [
      { verificationUri: "file:///etc/passwd" },
      { verificationUri: "javascript:alert(1)" },
      { verificationUri: "https://view.awsapps.com/start --new-window" },
      { userCode: "AB\u001b[31mCD" },
    ]) {
      replies = { register: [json(registered)], authorize: [json({ ...device, ...odd })], token: [] }
      await assert.rejects(start(), refusedWith("malformed-answer"))
    }
    replies = {
      register: [json(registered)],
      authorize: [json({ ...device, verificationUriComplete: "file:///etc/passwd" })],
      token: [],
    }
    assert.equal((await start()).authorization.verificationUriComplete, undefined)
  })

  it("says in no error what a runtime or the SDK tells its programmer", async () => {
    const answers: readonly Reply[] = [
      resetBeforeHeaders,
      page(400),
      text(302, "", { location: "/elsewhere" }),
      text(200, "null"),
      json({ message: {} }, { status: 400 }),
    ]
    for (const answer of answers) {
      replies.register = [answer]
      await assert.rejects(start(), ({ message }: Error) => {
        assert.doesNotMatch(
          message,
          /verbose|hidden field|JSON Parse|Deserialization|not an object|evaluating/i,
        )
        return true
      })
    }
  })

  it("ends at once when it is cancelled, with the reason given", async () => {
    replies.token = Array.from({ length: 3 }, () => refusal("authorization_pending"))
    const sleep = runtime.clock.sleep
    const reason = new Error("closed")
    runtime = {
      ...runtime,
      clock: {
        ...clock,
        sleep: (ms, signal) => (
          clock.slept.length === 2 ? controller.abort(reason) : undefined,
          sleep(ms, signal)
        ),
      },
    }
    await assert.rejects(signIn(), reason)
    assert.deepEqual(clock.slept, [1000, 1000])
  })

  it("uses a stored registration again, and keeps a new one only once it served", async () => {
    await start()
    assert.equal(saved.get(`eu-north-1 ${START_URL}`)?.clientId, "client-1")
    replies.authorize = [json(device)]
    fake.requests.length = 0
    await start()
    assert.deepEqual(paths(), ["/device_authorization"])

    saved.clear()
    replies = { register: [json(registered)], authorize: [refusal("invalid_request")], token: [] }
    await assert.rejects(start(), refusedWith("invalid_request"))
    assert.equal(saved.size, 0)
  })

  it("registers anew where the stored registration is about to expire, or is unknown to the service", async () => {
    const old = (remainingMs: number): ClientRegistration => ({
      clientId: "old",
      clientSecret: new Secret("old"),
      expiresAt: clock.now() + remainingMs,
    })
    saved.set(`eu-north-1 ${START_URL}`, old(DAY_MS))
    await start()
    assert.deepEqual(paths(), ["/client/register", "/device_authorization"])

    saved.set(`eu-north-1 ${START_URL}`, old(60 * DAY_MS))
    fake.requests.length = 0
    replies = {
      register: [json(registered)],
      authorize: [refusal("invalid_client", 401), json(device)],
      token: [],
    }
    const flow = await start()
    assert.deepEqual(paths(), ["/device_authorization", "/client/register", "/device_authorization"])
    assert.equal(flow.client.clientId, "client-1")
  })

  it("refuses China and what is no region without a request", async () => {
    for (const loginRegion of ["cn-north-1", "evil.example/"])
      await assert.rejects(
        startIdcDeviceAuthorization({ ...options(), loginRegion }),
        refusedWith("region-refused"),
      )
    assert.deepEqual(paths(), [])
  })

  it("uses GovCloud's own host", async () => {
    await startIdcDeviceAuthorization({ ...options(), loginRegion: "us-gov-west-1" })
    assert.equal(fake.requests[0]?.host, "oidc.us-gov-west-1.amazonaws.com")
  })

  it("takes nothing from AWS_ variables or ~/.aws", async () => {
    const home = temporaryFolder()
    mkdirSync(join(home, ".aws", "config"), { recursive: true })
    const meddling = {
      HOME: home,
      AWS_CONFIG_FILE: join(home, ".aws", "config"),
      AWS_PROFILE: "missing",
      AWS_REGION: "ap-south-1",
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      AWS_ENDPOINT_URL_SSO_OIDC: "http://127.0.0.1:9",
      AWS_USE_FIPS_ENDPOINT: "true",
      AWS_USE_DUALSTACK_ENDPOINT: "true",
      AWS_MAX_ATTEMPTS: "7",
      AWS_SDK_UA_APP_ID: "someone",
    }
    const before = { ...process.env }
    Object.assign(process.env, meddling)
    try {
      await signIn()
    } finally {
      for (const name of Object.keys(meddling)) delete process.env[name]
      Object.assign(process.env, before)
    }
    assert.equal(new Set(fake.requests.map((request) => request.host)).size, 1)
    assert.equal(fake.requests[0]?.host, "oidc.eu-north-1.amazonaws.com")
  })
})
