import assert from "node:assert/strict"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { after, before, describe, it } from "node:test"
import { callControl } from "../../src/gateway/control/call.ts"
import { send } from "../../src/gateway/attempt/send.ts"
import { buildChatRequest, hostsFor } from "../../src/kiro/index.ts"
import { refreshTokens, startSocialDeviceAuthorization } from "../../src/oauth/index.ts"
import { type Runtime, silentLog, systemRuntime } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"

const access = { accessToken: new Secret("aoaTOKEN") }
const { signal } = new AbortController()

describe("a redirect", () => {
  const runtime: Runtime = systemRuntime(silentLog)
  let server: Server
  let url = ""
  const paths: string[] = []

  before(async () => {
    server = createServer((request, response) => {
      paths.push(request.url ?? "")
      response.writeHead(307, { location: `${url}/elsewhere` }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  const [host] = hostsFor({ plane: "runtime", serviceRegion: "us-east-1", override: "http://localhost" })
  const requests: Readonly<Record<string, () => Promise<unknown>>> = {
    "a chat": () => {
      assert.ok(host !== undefined)
      const request = buildChatRequest({
        ...access,
        host: { ...host, baseUrl: url },
        body: {
          conversationState: {
            chatTriggerType: "MANUAL",
            conversationId: "c0ffee00-1111-4222-8333-444455556666",
            history: [],
            currentMessage: {
              userInputMessage: { content: "Hello", modelId: "auto", origin: "AI_EDITOR" },
            },
          },
        },
        invocationId: "i",
        attempt: 1,
        maxAttempts: 1,
      })
      return send({ runtime, request, signal, silenceMs: 60_000 })
    },
    "a look-up": () =>
      callControl(
        { runtime, endpointOverride: url },
        { serviceRegion: "us-east-1", access },
        { operation: "usage", parameters: {} },
      ),
    "a refresh": () =>
      refreshTokens({
        runtime,
        grant: { kind: "social", refreshToken: new Secret("aorTOKEN") },
        endpointOverride: url,
      }),
    "a sign-in": () =>
      assert.rejects(
        startSocialDeviceAuthorization({
          runtime,
          endpointOverride: url,
          signal,
          provider: "Google",
        }),
      ),
  }
  for (const [what, ask] of Object.entries(requests))
    it(`takes ${what} nowhere`, async () => {
      const before = paths.length
      await ask()
      assert.ok(paths.length > before)
      assert.ok(!paths.includes("/elsewhere"))
    })
})
