import assert from "node:assert/strict"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, beforeEach, describe, it } from "node:test"
import { oidcOrigin, type RefreshGrant, refreshTokens, type RefreshResult } from "../../src/oauth/index.ts"
import { silentLog, systemRuntime } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { USER_AGENT } from "../../src/version.ts"
import { fakeClock, cpuTime } from "../support/clock.ts"

interface Received {
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

const NOW = Date.UTC(2026, 10, 24)

const idc: RefreshGrant = {
  kind: "idc",
  refreshToken: new Secret("aorOLD"),
  client: { clientId: "client-1", clientSecret: new Secret("client-secret") },
  loginRegion: "eu-north-1",
}
const social: RefreshGrant = { kind: "social", refreshToken: new Secret("aorOLD") }
const external: RefreshGrant = {
  kind: "external-idp",
  refreshToken: new Secret("0.OLD"),
  clientId: "1111",
  tokenEndpoint: "https://login.example.com/TENANT/oauth2/v2.0/token",
  scopes: "api://kiro/conversations offline_access",
}

describe("refreshing tokens", () => {
  let server: Server
  let received: Received[]
  let reply: { status: number; body: string; headers?: Record<string, string> } | "hang-up"

  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        received.push({
          path: request.url ?? "",
          headers: request.headers,
          body: Buffer.concat(chunks).toString(),
        })
        if (reply === "hang-up") {
          response.destroy()
          return
        }
        response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers })
        response.end(reply.body)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  })
  after(() => server.close())
  beforeEach(() => {
    received = []
    reply = { status: 200, body: '{"accessToken":"aoaNEW","refreshToken":"aorNEW","expiresIn":3600}' }
  })

  const refresh = (grant: RefreshGrant): Promise<RefreshResult> => {
    const system = systemRuntime(silentLog)
    return refreshTokens({
      runtime: { ...system, clock: { ...system.clock, now: () => NOW } },
      grant,
      endpointOverride: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    })
  }

  it("sends an Identity Center login to its own region with the registration that obtained it", async () => {
    const result = await refresh(idc)
    assert.equal(received[0]?.path, "/token")
    assert.equal(received[0]?.headers["x-kiro-original-host"], "oidc.eu-north-1.amazonaws.com")
    assert.equal(received[0]?.headers["user-agent"], USER_AGENT)
    assert.deepEqual(JSON.parse(received[0]?.body ?? ""), {
      clientId: "client-1",
      clientSecret: "client-secret",
      grantType: "refresh_token",
      refreshToken: "aorOLD",
    })
    assert.ok(result.outcome === "tokens")
    assert.equal(result.tokens.accessToken.reveal(), "aoaNEW")
    assert.equal(result.tokens.refreshToken?.reveal(), "aorNEW")
    assert.equal(result.tokens.expiresAt, NOW + 3_600_000)
  })

  it("sends a social login with nothing but its refresh token, and keeps that where none comes back", async () => {
    reply = { status: 200, body: '{"accessToken":"aoaNEW","expiresIn":60,"profileArn":"arn:aws:x"}' }
    const result = await refresh(social)
    assert.equal(received[0]?.path, "/refreshToken")
    assert.equal(received[0]?.headers["x-kiro-original-host"], "prod.us-east-1.auth.desktop.kiro.dev")
    assert.deepEqual(JSON.parse(received[0]?.body ?? ""), { refreshToken: "aorOLD" })
    assert.ok(result.outcome === "tokens")
    assert.equal(result.tokens.refreshToken?.reveal(), "aorOLD")
    assert.equal(result.profileArn, "arn:aws:x")
  })

  it("sends an external identity provider a form, and reads its snake_case answer", async () => {
    reply = { status: 200, body: '{"access_token":"eyJ","refresh_token":"0.NEW","expires_in":"4000"}' }
    const result = await refresh(external)
    assert.equal(received[0]?.path, "/TENANT/oauth2/v2.0/token")
    assert.equal(received[0]?.headers["content-type"], "application/x-www-form-urlencoded")
    assert.deepEqual(Object.fromEntries(new URLSearchParams(received[0]?.body)), {
      grant_type: "refresh_token",
      client_id: "1111",
      refresh_token: "0.OLD",
      scope: "api://kiro/conversations offline_access",
    })
    assert.ok(result.outcome === "tokens")
    assert.equal(result.tokens.expiresAt, NOW + 4_000_000)
  })

  it("refuses an endpoint without TLS and a region that is none, without a request", async () => {
    const endpoints = ["http://login.example.com/token", "file:///etc/passwd", "nonsense"]
    for (const tokenEndpoint of endpoints) {
      const result = await refresh({ ...external, tokenEndpoint })
      assert.deepEqual(
        [result.outcome, result.outcome === "refused" && result.code],
        ["refused", "invalid_endpoint"],
      )
    }
    for (const loginRegion of ["cn-north-1", "evil.example.com/", ""])
      assert.equal((await refresh({ ...idc, loginRegion })).outcome, "refused", loginRegion)
    assert.deepEqual(received, [])
  })

  it("tells a dead login from a service that has a bad day", async () => {
    const cases: [RefreshGrant, number, string, string, Record<string, string>?][] = [
      [idc, 400, '{"error":"invalid_grant","error_description":"Invalid grant"}', "refused invalid_grant"],
      [idc, 200, '{"error":"invalid_grant"}', "refused invalid_grant"],
      [idc, 400, '{"error":"INVALID_GRANT"}', "refused invalid_grant"],
      [idc, 400, '{"__type":"com.amazonaws.ssooidc#InvalidGrantException"}', "refused invalid_grant"],
      // What stands under `error` may hide the exception's name, or be it.
      [
        idc,
        400,
        '{"error":"Bad Request","__type":"com.amazonaws.ssooidc#InvalidGrantException"}',
        "refused invalid_grant",
      ],
      [idc, 400, '{"error":"InvalidGrantException"}', "refused invalid_grant"],
      [idc, 400, '{"error":"Bad Request","__type":"SlowDownException"}', "failed service"],
      [idc, 401, "", "refused invalid_client", { "x-amzn-errortype": "InvalidClientException:http://x/" }],
      [idc, 400, '{"error":"slow_down"}', "failed service"],
      [idc, 400, "Bad Request", "failed service"],
      [idc, 403, "<html>proxy</html>", "failed service"],
      [idc, 500, '{"error":"server_error"}', "failed service"],
      [idc, 200, "<html>log in to the hotel's network</html>", "failed service"],
      [idc, 200, "null", "failed service"],
      [idc, 400, '{"error":"access_denied"}', "failed service"],
      [idc, 400, '{"__type":"AccessDeniedException"}', "failed service"],
      [social, 401, '{"message":"Bad credentials"}', "suspected"],
      [social, 400, "", "suspected"],
      [social, 401, '{"error":"invalid_grant"}', "refused invalid_grant"],
      [social, 400, '{"error":"server_error"}', "failed service"],
      // A title of HTTP is no code.
      [social, 401, '{"error":"Unauthorized","statusCode":401}', "suspected"],
      [social, 400, '{"error":"Bad Request","message":"Bad credentials"}', "suspected"],
      [social, 403, "<html>proxy</html>", "failed service"],
      [social, 400, "\n<html>proxy</html>", "failed service"],
      [social, 429, "", "failed service"],
      [external, 400, '{"error":"interaction_required"}', "refused interaction_required"],
      [external, 400, '{"error":"temporarily_unavailable"}', "failed service"],
    ]
    for (const [grant, status, body, expected, headers] of cases) {
      reply = { status, body, ...(headers === undefined ? {} : { headers }) }
      const result = await refresh(grant)
      assert.equal(summary(result), expected, `${status} ${body}`)
    }
  })

  it("reports a cut connection as the network's fault, and never follows a redirect", async () => {
    reply = "hang-up"
    const cut = await refresh(idc)
    assert.equal(summary(cut), "failed network")
    reply = { status: 307, body: "", headers: { location: "/elsewhere" } }
    const redirected = await refresh(idc)
    assert.equal(redirected.outcome, "failed")
    assert.ok(!received.some(({ path }) => path === "/elsewhere"))
  })

  it("says what a proxy says that opens no tunnel, and the code of every other fault of the way", async () => {
    const messageOf = async (fault: Error): Promise<string> => {
      const runtime = { ...systemRuntime(silentLog), fetch: () => Promise.reject(fault) }
      const result = await refreshTokens({ runtime, grant: idc })
      return result.outcome === "failed" ? result.message : result.outcome
    }
    const bun = "Proxy refused to open a tunnel: 407 Proxy Authentication Required"
    const node = "Proxy response (407) !== 200 when HTTP Tunneling"
    for (const words of [bun, node]) {
      const cause = new Error(words)
      for (const fault of [cause, new TypeError("fetch failed", { cause })])
        assert.equal(await messageOf(fault), `the token service could not be reached (${words})`)
    }
    const away = Object.assign(new Error("getaddrinfo ENOTFOUND oidc"), { code: "ENOTFOUND" })
    assert.equal(await messageOf(away), "the token service could not be reached (ENOTFOUND)")
  })

  it("gives up on a silent service at its deadline, but not for one long sleep of the machine", async () => {
    const clock = fakeClock(NOW)
    const given: RefreshResult[] = []
    const asked = refreshTokens({
      runtime: {
        ...systemRuntime(silentLog),
        clock,
        fetch: (_url, init) =>
          new Promise((_resolve, reject) => {
            init.signal?.addEventListener("abort", () => reject(init.signal?.reason))
          }),
      },
      grant: idc,
    }).then((result) => given.push(result))
    clock.advance(8 * 3_600_000)
    await clock.sleep(0)
    assert.equal(given.length, 0)
    for (let second = 0; second < 20; second += 1) clock.advance(1000)
    await asked
    const [result] = given
    assert.equal(result?.outcome === "failed" && result.reason, "timeout")
  })

  it("counts a life that nobody can mean as the usual one, and takes a pair whatever else is odd", async () => {
    for (const expiresIn of [0, -5, 1e12, "soon", null, {}]) {
      const odd = { refreshToken: null, profileArn: 7, error: "" }
      reply = { status: 200, body: JSON.stringify({ accessToken: "aoaNEW", expiresIn, ...odd }) }
      const result = await refresh(idc)
      assert.ok(result.outcome === "tokens")
      assert.equal(result.tokens.expiresAt, NOW + 3_600_000)
      assert.equal(result.tokens.refreshToken?.reveal(), "aorOLD")
    }
  })

  it("reads an answer of any length at once", async () => {
    reply = { status: 400, body: JSON.stringify({ __type: "a".repeat(200_000) }) }
    const took = await cpuTime(async () => assert.equal(summary(await refresh(idc)), "failed service"))
    assert.ok(took < 2_000, `${took} ms`)
  })

  it("says what a page is called that something in front answers with", async () => {
    const pages: [number, string, string][] = [
      [
        403,
        "<html><head><title>Blocked by Acme Web Gateway</title></head></html>",
        "403 Blocked by Acme Web Gateway",
      ],
      [502, "<html><h1>502 Bad Gateway</h1></html>", "502 Bad Gateway"],
      [403, "<html>no title</html>", "403"],
      [200, "<html><title>Hotel login</title></html>", "200 Hotel login"],
    ]
    for (const [status, body, message] of pages) {
      reply = { status, body }
      assert.deepEqual(await refresh(idc), { outcome: "failed", reason: "service", message })
    }
  })

  it("repeats no e-mail address that an identity provider names", async () => {
    const error_description = "AADSTS50173: the grant of ann.lee@example.com was revoked"
    reply = { status: 400, body: JSON.stringify({ error: "invalid_grant", error_description }) }
    const result = await refresh(external)
    assert.ok(result.outcome === "refused")
    assert.equal(result.message, "AADSTS50173: the grant of [e-mail] was revoked")
  })

  it("never repeats the token in a message, even where the service echoes it", async () => {
    reply = { status: 400, body: '{"error":"invalid_grant","error_description":"aorOLD is unknown"}' }
    const result = await refresh(idc)
    assert.doesNotMatch(JSON.stringify(result), /aorOLD/)
  })
})

function summary(result: RefreshResult): string {
  switch (result.outcome) {
    case "refused":
      return `refused ${result.code}`
    case "failed":
      return `failed ${result.reason}`
    case "suspected":
    case "tokens":
      return result.outcome
    default:
      return result satisfies never
  }
}

describe("the SSO OIDC host", () => {
  it("is regional, also in GovCloud", () => {
    assert.deepEqual(oidcOrigin("us-gov-west-1"), {
      outcome: "origin",
      origin: "https://oidc.us-gov-west-1.amazonaws.com",
    })
    assert.deepEqual(oidcOrigin("ap-southeast-2"), {
      outcome: "origin",
      origin: "https://oidc.ap-southeast-2.amazonaws.com",
    })
  })
  it("is one of its own partition in the European Sovereign Cloud", () => {
    assert.deepEqual(oidcOrigin("eusc-de-east-1"), {
      outcome: "origin",
      origin: "https://oidc.eusc-de-east-1.amazonaws.eu",
    })
  })
})
