import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { generateText, jsonSchema, stepCountIs, streamText, tool, type ModelMessage } from "ai"
import { createKiro } from "../../src/opencode2/provider.ts"
import { enterRegistry } from "../../src/opencode2/registry.ts"
import {
  FAILURES,
  finish,
  metadata,
  reasoning,
  reset,
  silence,
  text,
  toolUse,
} from "../support/fake-kiro/index.ts"
import { startHarness, type Harness, type HarnessOptions } from "../gateway/harness.ts"
import { PNG } from "../support/pixel.ts"
import { within } from "../support/clock.ts"
import { OLD_BUN } from "../support/old-bun.ts"

/** The `ai` package is the second client that judges the language model: it is what the specification is made for. */

const CALL = finish({ stopReason: "TOOL_USE" })
const PICTURE = Buffer.from(PNG, "base64")
const PDF = Buffer.from("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n")

const read = tool({
  description: "Reads a file.",
  inputSchema: jsonSchema<{ path: string }>({
    type: "object",
    properties: { path: { type: "string" } },
    required: ["path"],
  }),
  execute: async ({ path }) => `content of ${path}`,
})

async function open(options: HarnessOptions = {}) {
  const harness: Harness = await startHarness({ accounts: ["only"], ...options })
  const location = harness.database
  const leave = enterRegistry(location, harness.gateway)
  const kiro = (modelId: string, settings: object = {}) =>
    createKiro({ name: "kiro", location, ...settings }).languageModel(modelId)
  return {
    harness,
    fake: harness.fake,
    kiro,
    async [Symbol.asyncDispose]() {
      leave()
      await harness[Symbol.asyncDispose]()
    },
  }
}

describe("the ai package", () => {
  it("streams a text with its usage", async () => {
    await using lab = await open()
    const tokenUsage = {
      uncachedInputTokens: 1000,
      cacheReadInputTokens: 200,
      cacheWriteInputTokens: 34,
      outputTokens: 56,
      totalTokens: 1290,
    }
    lab.fake.answer(text("Hello", " there"), metadata({ stopReason: "END_TURN", tokenUsage }))
    const result = streamText({ model: lab.kiro("claude-sonnet-4-5"), prompt: "Hi" })
    const pieces: string[] = []
    for await (const piece of result.textStream) pieces.push(piece)
    assert.deepEqual(pieces, ["Hello", " there"])
    const usage = await result.usage
    assert.equal(usage.inputTokens, 1234)
    assert.equal(usage.inputTokenDetails.cacheReadTokens, 200)
    assert.equal(usage.inputTokenDetails.cacheWriteTokens, 34)
    assert.equal(usage.outputTokens, 56)
    assert.equal(await result.finishReason, "stop")
    assert.equal((await result.response).modelId, "claude-sonnet-4-5")
  })

  it("runs tools over several steps, with signed reasoning between them", async () => {
    await using lab = await open()
    const signature = "EqQBCkYIBxgCKkA="
    lab.fake.answer(
      reasoning({ text: "I look.", signature }),
      toolUse({ name: "read", input: { path: "a" } }),
      CALL,
    )
    lab.fake.answer(
      toolUse({ name: "read", input: { path: "b" } }),
      toolUse({ name: "read", input: { path: "c" } }),
      CALL,
    )
    lab.fake.answer(text("Done."), finish())
    const result = streamText({
      model: lab.kiro("claude-opus-4-6", { reasoningEffort: "high" }),
      prompt: "Read",
      tools: { read },
      stopWhen: stepCountIs(5),
    })
    assert.equal(await result.text, "Done.")
    const steps = await result.steps
    assert.deepEqual(
      steps.map(({ toolCalls, finishReason }) => [toolCalls.length, finishReason]),
      [
        [1, "tool-calls"],
        [2, "tool-calls"],
        [0, "stop"],
      ],
    )
    assert.equal(steps[0]?.reasoningText, "I look.")
    assert.match(lab.fake.chats.at(-1)?.text ?? "", /EqQBCkYIBxgCKkA=/)
    assert.match(lab.fake.chats.at(-1)?.text ?? "", /content of b.*content of c/)
    assert.deepEqual(lab.fake.refused, [])
  })

  it("generates as a whole, and recovers unseen from what breaks on the way", async () => {
    await using lab = await open()
    lab.fake.answer(text("half"), reset)
    lab.fake.answer(
      reasoning({ text: "Hm.", signature: "EqQBCkYIBxgCKkA=" }),
      text("Whole."),
      toolUse({ name: "read", toolUseId: "tooluse_1", input: { path: "a" } }),
      CALL,
    )
    lab.fake.answer(text("Done."), finish())
    const result = await generateText({
      model: lab.kiro("claude-opus-4-6", { reasoningEffort: "high" }),
      prompt: "Read",
      tools: { read },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    })
    const [first] = result.steps
    assert.equal(first?.text, "Whole.")
    assert.equal(first?.reasoningText, "Hm.")
    assert.equal(first?.finishReason, "tool-calls")
    assert.equal(result.text, "Done.")
    assert.ok((result.usage.inputTokens ?? 0) > 0)
    assert.match(lab.fake.chats.at(-1)?.text ?? "", /"signature":"EqQBCkYIBxgCKkA="/)
    assert.deepEqual(lab.fake.refused, [])
  })

  it("attaches pictures and documents, also those that a tool gives", async () => {
    await using lab = await open()
    const messages: ModelMessage[] = [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image", image: new Uint8Array(PICTURE) },
          { type: "file", data: PDF.toString("base64"), mediaType: "application/pdf", filename: "plan.pdf" },
        ],
      },
    ]
    const shot = tool({
      inputSchema: jsonSchema<object>({ type: "object", properties: {} }),
      execute: async () => PNG,
      toModelOutput: ({ output }) => ({
        type: "content",
        value: [{ type: "image-data", data: String(output), mediaType: "image/png" }],
      }),
    })
    lab.fake.answer(toolUse({ name: "shot" }), CALL)
    lab.fake.answer(text("A dot."), finish())
    const result = await generateText({
      model: lab.kiro("claude-sonnet-4-5"),
      messages,
      tools: { shot },
      stopWhen: stepCountIs(3),
    })
    assert.equal(result.text, "A dot.")
    const [first, second] = lab.fake.chats.map((chat) => chat.text)
    assert.match(first ?? "", /"images":\[\{"format":"png"/)
    assert.match(first ?? "", /"documents":\[\{"name":"plan","format":"pdf"/)
    assert.equal((second ?? "").match(/"images":\[/g)?.length, 2)
    assert.deepEqual(lab.fake.refused, [])
  })

  it("is stopped by its own signal, and the connection to Kiro is closed", { skip: OLD_BUN }, async () => {
    await using lab = await open()
    lab.fake.answer(text("half"), silence)
    const stop = new AbortController()
    const kinds: string[] = []
    const result = streamText({ model: lab.kiro("auto"), prompt: "Hi", abortSignal: stop.signal })
    for await (const { type } of result.fullStream) {
      kinds.push(type)
      if (type === "text-delta") stop.abort()
    }
    assert.equal(kinds.at(-1), "abort")
    assert.equal(await within(300, lab.fake.chats[0]?.ended ?? assert.fail()), "aborted")
    const stopped = AbortSignal.abort(new Error("stopped before"))
    const asked = generateText({ model: lab.kiro("auto"), prompt: "Hi", abortSignal: stopped })
    await assert.rejects(asked, /stopped before/)
    assert.equal(lab.fake.chats.length, 1)
  })

  it("gets errors of its own kind, and repeats what may be repeated", async () => {
    await using lab = await open({ settings: { rateLimitMaxRetries: 0 } })
    lab.fake.fail(FAILURES.suspended)
    const errors: unknown[] = []
    const result = streamText({
      model: lab.kiro("auto"),
      prompt: "Hi",
      onError: ({ error }) => void errors.push(error),
    })
    await result.consumeStream()
    const [error] = errors as { name: string; statusCode: number; isRetryable: boolean }[]
    assert.equal(error?.name, "AI_APICallError")
    assert.equal(error.isRetryable, false)
    assert.equal(lab.fake.chats.length, 1)
    await assert.rejects(generateText({ model: lab.kiro("auto"), prompt: "Hi" }), { name: "AI_APICallError" })
    assert.equal(lab.fake.chats.length, 1)
  })
})
