import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { StoreError } from "../../src/accounts/index.ts"
import type { AnswerBatch, Gateway } from "../../src/gateway/index.ts"
import { createFront } from "../../src/plugin/front.ts"
import { silentLog, systemRuntime } from "../../src/runtime.ts"
import { finish, json, text } from "../support/fake-kiro/index.ts"
import { BASE_URL, errorText, hear, startHarness } from "../gateway/harness.ts"

const NESTED = `${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`

describe("what is no chat request", () => {
  for (const [title, message, field] of [
    ["content", `{"role":"user","content":${NESTED}}`, /messages\[0\]\.content can't be written as JSON/],
    [
      "arguments",
      `{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"read","arguments":${NESTED}}}]}`,
      /messages\[0\]\.tool_calls\[0\]\.function\.arguments can't be written as JSON/,
    ],
  ] as const)
    it(`because its ${title} is nested without end is refused with its field`, async () => {
      await using harness = await startHarness({ accounts: ["only"] })
      const response = await harness.askWith(`{"model":"auto","messages":[${message}]}`)
      assert.equal(response.status, 400)
      assert.match(await errorText(response), field)
      assert.deepEqual(harness.sent(), [])
    })

  it("because its tools are more than the service takes is refused as that, not as a fault of ours", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    const tools = Array.from({ length: 1_001 }, (_, index) => ({
      type: "function",
      function: { name: `tool_${index}`, parameters: { type: "object" } },
    }))
    const response = await harness.ask({ tools })
    assert.equal(response.status, 400)
    const message = await errorText(response)
    assert.match(message, /^Kiro: this is no valid chat request: tools are over a thousand/)
    assert.doesNotMatch(message, /report/)
  })
})

describe("OpenCode 1's fetch", () => {
  it("says that somebody holds the database, with a status that the host repeats on", async () => {
    const response = await askOver(() => Promise.reject(new StoreError("busy")))
    assert.equal(response.status, 503)
    assert.equal(
      await errorText(response),
      "Kiro: the account database was locked by another program for more than five seconds.",
    )
  })

  it("reads a body behind a mark of its encoding", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const body = { model: "auto", messages: [{ role: "user", content: "Hello" }] }
    assert.equal((await harness.askWith(`\uFEFF${JSON.stringify(body)}`)).status, 200)
  })

  it("gives a whole answer in one document, of however many pieces it was", async () => {
    const pieces = 200_000
    const chunks = Array.from({ length: pieces }, () => ({ delta: { content: "x" } }))
    const batches = [{ chunks, end: { outcome: "finished" } as const }]
    const answer = { head: { id: "1", created: 1, model: "auto" }, batches: oneByOne(batches) }
    const response = await askOver(async () => ({ outcome: "answer", answer }))
    assert.equal(response.status, 200)
    assert.equal((await response.text()).split("x".repeat(pieces)).length, 2)
  })

  it("takes a header that somebody else wrote as it is", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    harness.fake.answer(text("Hi."), finish())
    const response = await harness.fetch(`${BASE_URL}/chat/completions`, {
      method: "POST",
      headers: { "x-session-id": "ses_1", "x-kiro-agent": "100% mine" },
      body: JSON.stringify({ model: "auto", messages: [{ role: "user", content: "Hello" }], stream: true }),
    })
    assert.equal((await hear(response)).text, "Hi.")
  })

  it("sends no half of a surrogate pair, also not in the model's name", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    const response = await harness.ask({ model: "auto\ud800" })
    assert.match(await errorText(response), /is not offered/)
  })

  it("answers with a status that HTTP has, whatever something on the way answered with", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    harness.fake.script(...Array.from({ length: 4 }, () => json({ message: "?" }, { status: 999 })))
    const response = await harness.ask()
    assert.equal(response.status, 503)
    assert.equal(harness.sent().length, 4)
  })
})

/** What OpenCode 1's fetch makes of what a gateway gives. */
function askOver(chat: Gateway["chat"]): Promise<Response> {
  const front = createFront({
    gateway: { chat },
    runtime: systemRuntime(silentLog),
    baseUrl: BASE_URL,
  })
  const body = JSON.stringify({ model: "auto", messages: [{ role: "user", content: "Hello" }] })
  return front(`${BASE_URL}/chat/completions`, { method: "POST", body })
}

async function* oneByOne(batches: readonly AnswerBatch[]): AsyncGenerator<AnswerBatch, void> {
  yield* batches
}
