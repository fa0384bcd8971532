import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { callControl } from "../../../src/gateway/control/call.ts"
import { Secret } from "../../../src/secret.ts"
import {
  FAILURES,
  json,
  neverAnswers,
  type ReceivedRequest,
  startFakeKiro,
} from "../../support/fake-kiro/index.ts"
import { controlOf } from "./support.ts"
import { eventually } from "../../support/clock.ts"

const Q = "q.us-east-1.amazonaws.com"
const MANAGEMENT = "management.us-east-1.kiro.dev"
const usage = { operation: "usage", parameters: { origin: "AI_EDITOR" } } as const

const bearer = (request: ReceivedRequest): string => request.headers["authorization"] ?? ""
const asked = (requests: readonly ReceivedRequest[]): string[] =>
  requests.map((request) => `${request.method} ${request.host}${request.path}`)

describe("a question to the control plane", () => {
  it("goes to the q host, under its names", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ fine: true }))
    const { client, target } = controlOf(fake, "token")
    assert.deepEqual(await callControl(client, target, usage), {
      outcome: "answer",
      body: { fine: true },
      host: Q,
    })
    assert.deepEqual(asked(fake.requests), [`GET ${Q}/getUsageLimits`])
    assert.equal(fake.requests[0]?.query.get("origin"), "AI_EDITOR")
    assert.equal(fake.requests[0]?.headers["authorization"], "Bearer token")
  })

  it("begins with the host that last worked, under the names of that host", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({}))
    const { client, target } = controlOf(fake, "token", { rememberedHost: MANAGEMENT })
    await callControl(client, target, { operation: "models", parameters: {} })
    await callControl(client, target, { operation: "profiles", parameters: { nextToken: "x" } })
    assert.deepEqual(asked(fake.requests), [
      `GET ${MANAGEMENT}/List-Available-Models`,
      `POST ${MANAGEMENT}/List-Available-Profiles`,
    ])
    assert.deepEqual(fake.requests[1]?.body, { nextToken: "x" })
  })

  it("goes on to the other host where the first is not reached or does not know the operation", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({}))
    const { client, target, unreachable } = controlOf(fake, "token")
    unreachable.add(Q)
    assert.deepEqual(await callControl(client, target, usage), {
      outcome: "answer",
      body: {},
      host: MANAGEMENT,
    })
    unreachable.clear()
    fake.intercept((request) => request.host === Q, FAILURES.unknownOperation)
    assert.deepEqual(await callControl(client, target, usage), {
      outcome: "answer",
      body: {},
      host: MANAGEMENT,
    })
  })

  it("goes for a search to the hosts that answer chats", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({}))
    const { client, target, unreachable } = controlOf(fake, "token", { rememberedHost: MANAGEMENT })
    await callControl(client, target, { operation: "search", parameters: {} })
    unreachable.add(Q)
    await callControl(client, target, { operation: "search", parameters: {} })
    assert.deepEqual(asked(fake.requests), [`POST ${Q}/mcp`, "POST runtime.us-east-1.kiro.dev/mcp"])
  })

  for (const name of ["throttled", "monthlyLimit", "suspended", "invalidProfile", "internalError"] as const)
    it(`does not ask the other host on ${name}`, async () => {
      await using fake = await startFakeKiro()
      fake.intercept(() => true, FAILURES[name])
      const { client, target } = controlOf(fake, "token")
      assert.ok((await callControl(client, target, usage)).outcome === "failed")
      assert.equal(fake.requests.length, 1)
    })

  it("renews a refused token once and asks again, then the other host with the same token", async () => {
    await using fake = await startFakeKiro()
    fake.intercept((request) => request.host === Q, FAILURES.invalidBearer)
    fake.intercept((request) => request.host === MANAGEMENT, json({}))
    const rejected: string[] = []
    const { client, target } = controlOf(fake, "old", {
      renew: async (token) => {
        rejected.push(token.reveal())
        return { accessToken: new Secret("new") }
      },
    })
    assert.deepEqual(await callControl(client, target, usage), {
      outcome: "answer",
      body: {},
      host: MANAGEMENT,
    })
    assert.deepEqual(rejected, ["old"])
    assert.deepEqual(fake.requests.map(bearer), ["Bearer old", "Bearer new", "Bearer new"])
    fake.intercept(() => true, FAILURES.invalidBearer)
    assert.equal((await callControl(client, target, usage)).outcome, "failed")
    assert.deepEqual(rejected, ["old", "old"])
  })

  it("is a failure where nothing answers in time", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, neverAnswers)
    const { client, target, clock } = controlOf(fake, "token")
    const answer = callControl(client, target, usage)
    await eventually(() => fake.requests.length > 0)
    clock.advance(15_000)
    assert.deepEqual(await answer, {
      outcome: "failed",
      failure: { kind: "timeout", status: 0, message: "no answer in time" },
    })
  })

  it("is a failure where the answer is not JSON, and stops when the caller does", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, { kind: "document", status: 200, headers: {}, body: "<html>log in</html>" })
    const { client, target } = controlOf(fake, "token")
    const answer = await callControl(client, target, usage)
    assert.equal("failure" in answer && answer.failure.kind, "network")
    const signal = AbortSignal.abort(new Error("enough"))
    await assert.rejects(callControl(client, target, { ...usage, signal }), /enough/)
  })
})
