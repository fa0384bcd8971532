import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { AnswerBatch, ChatAnswer, ChatCall } from "../../src/gateway/index.ts"
import { readChatRequest } from "../../src/openai/index.ts"
import { failure, FAILURES, finish, reasoning, toolUse } from "../support/fake-kiro/index.ts"
import { type Harness, startHarness } from "./harness.ts"

describe("a chat of the gateway", () => {
  it("gives an answer as chunks and its end", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    const batches = await readAll(await answerOf(harness))
    assert.equal(textOf(batches), "Hello from the fake Kiro.")
    assert.deepEqual(batches.at(-1)?.end, { outcome: "finished" })
    assert.equal(batches.at(-1)?.chunks.at(-1)?.finishReason, "stop")
  })

  it("gives a whole answer as one batch", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    const batches = await readAll(await answerOf(harness, {}, { stream: false }))
    assert.equal(batches.length, 1)
    assert.equal(textOf(batches), "Hello from the fake Kiro.")
  })

  it("gives a refusal as a value", async () => {
    await using harness = await startHarness()
    const outcome = await harness.gateway.chat(call())
    assert.equal(outcome.outcome === "refusal" && outcome.refusal.status, 401)
  })

  it("rejects with the reason of the call's signal", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    const signal = AbortSignal.abort(new Error("stopped"))
    await assert.rejects(harness.gateway.chat(call({ signal })), /stopped/)
  })

  it("stops where the host stops reading", async () => {
    await using harness = await startHarness({ accounts: ["only"] })
    const { batches } = await answerOf(harness)
    const reader = batches[Symbol.asyncIterator]()
    await reader.next()
    await reader.return?.()
    assert.equal((await reader.next()).done, true)
  })

  it("asks beside the conversation with its account and its beginning, and remembers nothing of it", async () => {
    await using harness = await startHarness({
      accounts: ["one", "two"],
      settings: { accountSelectionStrategy: "round-robin" },
    })
    await readAll(await answerOf(harness))
    await harness.gateway.close()
    const before = await harness.store.session("ses_1")
    await readAll(await answerOf(harness, { purpose: "generate" }))
    const tools = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]
    harness.fake.answer(
      reasoning({ text: "Hm.", signature: "c2ln" }),
      toolUse({ name: "read", input: {} }),
      finish({ stopReason: "TOOL_USE" }),
    )
    await readAll(await answerOf(harness, { purpose: "generate" }, { tools }))
    await harness.gateway.close()
    assert.deepEqual((await harness.store.opening("ses_1")).reasoning, [])
    const [first, second] = harness.sent()
    assert.equal(first, second)
    const [one, two] = harness.fake.received("GenerateAssistantResponse").map(({ body }) => body)
    assert.deepEqual(one, two)
    assert.deepEqual(await harness.store.session("ses_1"), before)
  })

  it("remembers nothing of what was refused beside the conversation either", async () => {
    await using harness = await startHarness()
    const account = await harness.add("one")
    await readAll(await answerOf(harness))
    await harness.gateway.close()
    const before = await harness.store.session("ses_1")
    account.fail(FAILURES.conversationLimit)
    await readAll(await answerOf(harness, { purpose: "generate" }))
    const message = "tools.0.custom.input_schema: no"
    account.fail(failure({ status: 400, type: "ValidationException", message }))
    for (let sends = 0; sends < 4; sends++) account.fail(FAILURES.inputTooLong)
    const tools = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]
    const messages = [{ role: "user", content: "words and ".repeat(80_000) }]
    const refused = await harness.gateway.chat(call({ purpose: "generate" }, { messages, tools }))
    assert.equal(refused.outcome, "refusal")
    assert.deepEqual(await harness.store.session("ses_1"), before)
  })

  it("gives no session an account for what is asked beside it, nor another one", async () => {
    await using harness = await startHarness({ accounts: ["one", "two"] })
    await readAll(await answerOf(harness, { purpose: "generate", sessionId: "ses_2" }))
    await harness.gateway.close()
    assert.equal((await harness.store.session("ses_2")).accountId, undefined)
    await readAll(await answerOf(harness))
    await harness.gateway.close()
    const before = await harness.store.session("ses_1")
    harness.fake.fail(FAILURES.monthlyLimit)
    await readAll(await answerOf(harness, { purpose: "generate" }))
    await harness.gateway.close()
    const told = [...harness.notices]
    await readAll(await answerOf(harness, { purpose: "generate" }))
    assert.deepEqual(harness.notices, told)
    assert.deepEqual(await harness.store.session("ses_1"), before)
  })
})

function call(changed: Partial<ChatCall> = {}, body: object = {}): ChatCall {
  const request = readChatRequest({
    model: "claude-sonnet-4-5",
    messages: [{ role: "user", content: "Hello" }],
    stream: true,
    ...body,
  })
  return { request, sessionId: "ses_1", purpose: "main", signal: new AbortController().signal, ...changed }
}

async function answerOf(
  harness: Harness,
  changed: Partial<ChatCall> = {},
  body: object = {},
): Promise<ChatAnswer> {
  const outcome = await harness.gateway.chat(call(changed, body))
  assert.ok(outcome.outcome === "answer")
  return outcome.answer
}

async function readAll({ batches }: ChatAnswer): Promise<readonly AnswerBatch[]> {
  const all: AnswerBatch[] = []
  for await (const batch of batches) all.push(batch)
  return all
}

function textOf(batches: readonly AnswerBatch[]): string {
  return batches.flatMap(({ chunks }) => chunks.map(({ delta }) => delta.content ?? "")).join("")
}
