import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import type { KiroEvent } from "../../src/kiro/index.ts"
import {
  apiCallError,
  createChunkEncoder,
  DONE,
  errorResponse,
  foldChunks,
  isRepeatedStatus,
} from "../../src/openai/index.ts"
import {
  contextUsage,
  failure,
  metadata,
  reasoning,
  stop,
  text,
  toolUse,
  translate,
} from "../translate/answer/translate.ts"

type Model = ReturnType<ReturnType<typeof createOpenAICompatible>["chatModel"]>
type Part = Awaited<ReturnType<Model["doStream"]>>["stream"] extends ReadableStream<infer P> ? P : never

const HEAD = { id: "chatcmpl-1", created: 1_700_000_000, model: "claude-sonnet-4-5" }
const PROMPT = [{ role: "user" as const, content: [{ type: "text" as const, text: "hi" }] }]

describe("the host's own client", () => {
  it("reads reasoning, text and two calls with their usage", async () => {
    const parts = await hear([
      reasoning("I need "),
      reasoning("both."),
      text("Reading "),
      text('\u{1f600} "both".'),
      toolUse("a"),
      toolUse("a", '{"path":'),
      toolUse("a", '"x\\n"}'),
      stop("a"),
      toolUse("b"),
      stop("b"),
      metadata("TOOL_USE"),
      contextUsage(10),
    ])
    assert.equal(joined(parts, "reasoning-delta"), "I need both.")
    assert.equal(joined(parts, "text-delta"), 'Reading \u{1f600} "both".')
    assert.deepEqual(calls(parts), [
      ["a", "tool_a", '{"path":"x\\n"}'],
      ["b", "tool_b", "{}"],
    ])
    const finish = parts.at(-1)
    assert.ok(finish?.type === "finish")
    assert.equal(finish.finishReason.unified, "tool-calls")
    assert.equal(finish.usage.inputTokens.total, 20_000)
    assert.equal(finish.usage.outputTokens.reasoning, 3)
    const metadataPart = parts.find((part) => part.type === "response-metadata")
    assert.equal(metadataPart?.type === "response-metadata" && metadataPart.id, "chatcmpl-1")
  })

  it("reads the cached part of the prompt", async () => {
    const counted: KiroEvent = {
      type: "metadataEvent",
      tokenUsage: {
        uncachedInputTokens: 10,
        cacheReadInputTokens: 90,
        cacheWriteInputTokens: 5,
        outputTokens: 4,
      },
    }
    const finish = (await hear([text("x"), counted])).at(-1)
    assert.ok(finish?.type === "finish")
    assert.equal(finish.usage.inputTokens.total, 105)
    assert.equal(finish.usage.inputTokens.cacheRead, 90)
    assert.equal(finish.usage.outputTokens.total, 4)
  })

  it("knows every finish reason", async () => {
    for (const [reason, unified] of [
      ["END_TURN", "stop"],
      ["MAX_TOKENS", "length"],
      ["CONTENT_FILTERED", "content-filter"],
      ["UNKNOWN", "stop"],
    ] as const) {
      const finish = (await hear([text("x"), metadata(reason)])).at(-1)
      assert.equal(finish?.type === "finish" && finish.finishReason.unified, unified)
    }
  })

  it("runs a call no earlier than its stop", async () => {
    const events = [
      toolUse("a"),
      toolUse("a", '{"x":1'),
      toolUse("a", "}"),
      toolUse("a", " "),
      toolUse("a", "\n"),
    ]
    const translated = translate(events)
    const parts = await listen(sse(translated.steps.slice(0, events.length)))
    const beforeTheEnd = parts.slice(
      0,
      parts.findIndex((part) => part.type === "tool-input-end"),
    )
    assert.deepEqual(calls(beforeTheEnd), [])
    assert.equal(joined(beforeTheEnd, "tool-input-delta"), '{"x":1')
  })

  it("gets a call that it can't run where one was cut and the turn ends in order", async () => {
    for (const events of [
      [toolUse("b")],
      [toolUse("b"), toolUse("b", '{"x":1}')],
      [toolUse("b"), toolUse("b", '{"x":"'), toolUse("b", 'y"}')],
    ]) {
      for (const parts of [
        await hear([text("x"), ...events, metadata("MAX_TOKENS")]),
        await hear([toolUse("a"), stop("a"), ...events], { failure: failure("network") }),
      ]) {
        const [, , input] = calls(parts).at(-1) ?? []
        assert.ok(input !== undefined && input.trim() !== "")
        assert.throws(() => JSON.parse(input) as unknown)
      }
    }
  })

  it("takes our error for its own, from fetch and in the middle of a stream", async () => {
    const error = apiCallError({
      message: "Kiro: the connection broke.",
      statusCode: 503,
      isRetryable: true,
      retryAfterMs: 1500.2,
      url: "https://kiro.invalid/chat/completions",
    })
    await assert.rejects(
      ask(() => Promise.reject(error)),
      isOurs,
    )
    const [chunk = ""] = sse(translate([text("x")]).steps)
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(chunk)),
      pull: (controller) => controller.error(error),
    })
    // Newer clients than OpenCode 1.18's wrap what breaks a stream.
    await assert.rejects(
      ask(() => Promise.resolve(eventStream(broken))),
      (thrown: unknown) => isOurs(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown),
    )
  })

  it("shows our message for a status that is not 200", async () => {
    const { status, headers, body } = errorResponse({
      status: 429,
      message: "Kiro is throttling Builder ID ··a1b2.",
      retryAfterMs: 2_000,
    })
    await assert.rejects(
      ask(() => Promise.resolve(new Response(body, { status, headers }))),
      (error: unknown) => {
        assert.ok(error instanceof Error && "statusCode" in error && "responseHeaders" in error)
        assert.equal(error.message, "Kiro is throttling Builder ID ··a1b2.")
        assert.equal(error.statusCode, 429)
        assert.equal((error.responseHeaders as Record<string, string>)["retry-after-ms"], "2000")
        return true
      },
    )
  })

  it("asks again after those statuses that we take for such", async () => {
    for (let status = 400; status < 600; status++) {
      const answer = errorResponse({ status, message: "No." })
      await assert.rejects(
        ask(() => Promise.resolve(new Response(answer.body, answer))),
        { isRetryable: isRepeatedStatus(status) },
      )
    }
  })

  it("reads a whole completion", async () => {
    const { steps } = translate([
      reasoning("r"),
      text("hello"),
      toolUse("a"),
      stop("a", '{"x":1}'),
      contextUsage(10),
    ])
    const completion = foldChunks(HEAD, steps.flat())
    const result = await model(() => Promise.resolve(Response.json(completion))).doGenerate({
      prompt: PROMPT,
    })
    assert.deepEqual(
      result.content.map((part) => [
        part.type,
        "text" in part ? part.text : "input" in part ? part.input : "",
      ]),
      [
        ["reasoning", "r"],
        ["text", "hello"],
        ["tool-call", '{"x":1}'],
      ],
    )
    assert.equal(result.finishReason.unified, "tool-calls")
    assert.equal(result.usage.inputTokens.total, 20_000)
  })
})

function isOurs(error: unknown): boolean {
  assert.ok(error instanceof Error && "isRetryable" in error && "responseHeaders" in error)
  assert.equal(error.message, "Kiro: the connection broke.")
  assert.equal(error.isRetryable, true)
  assert.deepEqual(error.responseHeaders, { "retry-after-ms": "1501" })
  return true
}

async function hear(
  events: readonly KiroEvent[],
  options: Parameters<typeof translate>[1] = {},
): Promise<Part[]> {
  return listen(sse(translate(events, options).steps))
}

function sse(steps: ReturnType<typeof translate>["steps"]): string[] {
  return [...steps.flat().map(createChunkEncoder(HEAD)), DONE]
}

async function listen(lines: readonly string[]): Promise<Part[]> {
  return ask(() => Promise.resolve(eventStream(lines.join(""))))
}

async function ask(fetch: () => Promise<Response>): Promise<Part[]> {
  const { stream } = await model(fetch).doStream({ prompt: PROMPT })
  const parts: Part[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

function model(fetch: () => Promise<Response>): Model {
  const provider = createOpenAICompatible({
    name: "kiro",
    baseURL: "https://kiro.invalid",
    fetch: fetch as typeof globalThis.fetch,
  })
  return provider.chatModel("claude-sonnet-4-5")
}

function eventStream(body: string | ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}

function joined(parts: readonly Part[], type: "text-delta" | "reasoning-delta" | "tool-input-delta"): string {
  return parts.map((part) => (part.type === type ? part.delta : "")).join("")
}

function calls(parts: readonly Part[]): (readonly [id: string, name: string, input: string])[] {
  return parts.flatMap((part) =>
    part.type === "tool-call" ? [[part.toolCallId, part.toolName, part.input] as const] : [],
  )
}
