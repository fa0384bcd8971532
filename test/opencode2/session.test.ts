import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { AnswerBatch, ChatCall, ChatGateway, ChatOutcome } from "../../src/gateway/index.ts"
import type { ChatChunk } from "../../src/openai/index.ts"
import { openHost } from "./small-plugin.ts"
import { within } from "../support/clock.ts"

const HEAD = { id: "chatcmpl-1", created: 1_700_000_000, model: "claude-sonnet-4-5" }
const USAGE = {
  prompt_tokens: 1000,
  completion_tokens: 20,
  total_tokens: 1020,
  prompt_tokens_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
}
const said = (content: string): ChatChunk => ({ delta: { content } })
const end = (finishReason: ChatChunk["finishReason"]): ChatChunk => ({
  delta: {},
  ...(finishReason && { finishReason }),
  usage: USAGE,
})
const called = (id: string, name: string, input: string): ChatChunk[] => [
  { delta: { tool_calls: [{ index: 0, id, function: { name, arguments: "" } }] } },
  { delta: { tool_calls: [{ index: 0, function: { arguments: input } }] } },
  { delta: {}, callEnd: 0 },
]

type Scripted = readonly ChatChunk[] | ChatOutcome | readonly AnswerBatch[]

/** A gateway that answers as scripted, one entry for each call. */
function scripted(...answers: readonly Scripted[]): ChatGateway & { calls: ChatCall[] } {
  const calls: ChatCall[] = []
  return {
    calls,
    async chat(call) {
      const answer = answers[Math.min(calls.length, answers.length - 1)] ?? []
      calls.push(call)
      if (!Array.isArray(answer)) return answer as ChatOutcome
      const isBatches = answer.some((one: object) => Object.hasOwn(one, "chunks"))
      const batches = isBatches
        ? (answer as readonly AnswerBatch[])
        : [{ chunks: answer as readonly ChatChunk[], end: { outcome: "finished" as const } }]
      return { outcome: "answer", answer: { head: HEAD, batches: inTurn(batches) } }
    },
  }
}

async function* inTurn(batches: readonly AnswerBatch[]): AsyncGenerator<AnswerBatch> {
  yield* batches
}

const refused = (status: number, message: string, more: object = {}): ChatOutcome => ({
  outcome: "refusal",
  refusal: { status, message, ...more },
})

describe("a session of OpenCode 2", () => {
  it("is answered, with its own id, that of whom it works for, its purpose and its variant", async () => {
    const gateway = scripted([said("Hello"), said(" there"), end("stop")])
    await using opened = await openHost(gateway)
    const session = opened.project.session({ model: "kiro/claude-sonnet-4-5#max", agent: "build" })
    const turn = await session.prompt("Hi")
    assert.equal(turn.text, "Hello there")
    assert.equal(turn.finish, "stop")
    assert.deepEqual(turn.waits, [])
    const [call] = gateway.calls
    assert.equal(call?.sessionId, session.id)
    assert.equal(call?.purpose, "main")
    assert.equal(call?.request.thinkingBudget, 32_768)
    assert.equal(call?.request.maxTokens, 64_000)
    assert.equal(call?.request.stream, true)
    await session.title("Hi")
    await session.generate("What is this about?")
    await session.compact()
    assert.deepEqual(
      gateway.calls.map(({ purpose }) => purpose),
      ["main", "title", "generate", "compaction"],
    )
    const subagent = opened.project.session({ model: "kiro/claude-sonnet-4-5", parentID: session.id })
    await subagent.prompt("Look there")
    assert.deepEqual(
      gateway.calls.flatMap(({ parentSessionId }) => parentSessionId ?? []),
      [session.id],
    )
    const fork = session.fork()
    await fork.prompt("Other")
    assert.equal(gateway.calls.at(-1)?.sessionId, fork.id)
    assert.equal(fork.requests[0]?.headers?.["X-Session-Id"], session.id)
  })

  it("never shares a memory where the host names no session", async () => {
    const gateway = scripted([said("Hello"), end("stop")])
    await using opened = await openHost(gateway)
    const session = opened.project.session({ model: "kiro/claude-sonnet-4-5", sendsSessionId: false })
    await session.prompt("Hi")
    await session.prompt("Hi")
    const [one, other] = gateway.calls.map(({ sessionId }) => sessionId)
    assert.ok(one !== undefined && other !== undefined && one !== other && one !== session.id)
  })

  it("runs tools, and gets its reasoning back with its proof", async () => {
    const gateway = scripted(
      [
        { delta: { reasoning_content: "Let me look." } },
        { delta: {}, reasoningEnd: { signature: "c2ln" } },
        { delta: {}, reasoningEnd: { redacted: "aGlk" } },
        ...called("tooluse_1", "read", '{"path":"a.ts"}'),
        end("tool_calls"),
      ],
      [said("It is empty."), end("stop")],
    )
    await using opened = await openHost(gateway)
    const session = opened.project.session({
      model: "kiro/claude-sonnet-4-5",
      tools: { read: { execute: ({ path }) => `content of ${String(path)}` } },
    })
    const turn = await session.prompt("Look")
    assert.equal(turn.text, "It is empty.")
    assert.deepEqual(gateway.calls[1]?.request.messages.slice(2), [
      {
        role: "assistant",
        content: [],
        reasoning: [
          { text: "Let me look.", signature: "c2ln" },
          { text: "", redacted: "aGlk" },
        ],
        toolCalls: [{ id: "tooluse_1", name: "read", arguments: '{"path":"a.ts"}' }],
      },
      { role: "tool", toolCallId: "tooluse_1", content: [{ type: "text", text: "content of a.ts" }] },
    ])
    // Another model gets it as words.
    session.model = "kiro/claude-opus-4-8"
    await session.prompt("And you?")
    const replayed = gateway.calls.at(-1)?.request.messages[2]
    assert.deepEqual(replayed, {
      role: "assistant",
      content: [{ type: "text", text: "Let me look." }],
      reasoning: [],
      toolCalls: [{ id: "tooluse_1", name: "read", arguments: '{"path":"a.ts"}' }],
    })
  })

  it("gets a picture of a tool in the host's following message", async () => {
    const gateway = scripted(
      [...called("t1", "shot", "{}"), end("tool_calls")],
      [said("A cat."), end("stop")],
    )
    await using opened = await openHost(gateway)
    const session = opened.project.session({
      model: "kiro/claude-sonnet-4-5",
      tools: { shot: { execute: () => [{ type: "file", mime: "image/png", data: "iVBORw==" }] } },
    })
    await session.prompt("Look")
    assert.deepEqual(gateway.calls[1]?.request.messages.slice(-2), [
      {
        role: "tool",
        toolCallId: "t1",
        content: [{ type: "text", text: "Media attached in the following user message." }],
      },
      {
        role: "user",
        content: [
          { type: "text", text: "Attached media from tool result:" },
          { type: "media", url: "data:image/png;base64,iVBORw==" },
        ],
      },
    ])
  })

  it("keeps broken arguments as the model wrote them", async () => {
    const gateway = scripted(
      [...called("t1", "read", '{"a":'), end("tool_calls")],
      [said("Sorry."), end("stop")],
    )
    await using opened = await openHost(gateway)
    const session = opened.project.session({
      model: "kiro/claude-sonnet-4-5",
      tools: { read: { execute: () => "" } },
    })
    const turn = await session.prompt("Look")
    assert.equal(turn.text, "Sorry.")
    const [assistant, result] = gateway.calls[1]?.request.messages.slice(-2) ?? []
    assert.equal(assistant?.role === "assistant" && assistant.toolCalls[0]?.arguments, '{"a":')
    assert.match(JSON.stringify(result), /malformed JSON/)
  })

  it("is not repeated on what stays refused, and waits for a throttle", async () => {
    const fatal = scripted(refused(403, "Kiro: AWS has suspended Builder ID."))
    {
      await using opened = await openHost(fatal)
      const turn = await opened.project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hi")
      assert.deepEqual(turn.waits, [])
      assert.equal(turn.failure?.message, "Kiro: AWS has suspended Builder ID.")
      assert.equal(fatal.calls.length, 1)
    }
    const throttled = scripted(refused(429, "Kiro: slow down, usage limit.", { retryAfterMs: 29_000.5 }), [
      said("Now."),
      end("stop"),
    ])
    await using opened = await openHost(throttled)
    const turn = await opened.project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hi")
    assert.equal(turn.text, "Now.")
    assert.deepEqual(turn.waits, [29_001])
  })

  it("is compacted once on an overflow", async () => {
    const overflow = refused(400, "prompt is too long: Kiro refused this conversation.", { overflow: true })
    const gateway = scripted(overflow, [said("A summary"), end("stop")], [said("Done."), end("stop")])
    {
      await using opened = await openHost(gateway)
      const turn = await opened.project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hi")
      assert.equal(turn.text, "Done.")
      assert.equal(turn.compactions, 1)
    }
    const never = scripted(overflow, [said("A summary"), end("stop")], overflow)
    await using opened = await openHost(never)
    const turn = await opened.project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hi")
    assert.equal(turn.failure?.classification, "context-overflow")
    assert.equal(never.calls.length, 3)
  })

  it("goes on behind a cut, and ends where the failure is final", async () => {
    const failed = (afterwards: "repeat" | "stop"): AnswerBatch => ({
      chunks: [],
      end: {
        outcome: "failed",
        refusal: { status: 502, message: "Kiro: the connection broke." },
        afterwards,
      },
    })
    const gateway = scripted(
      [{ chunks: [said("Half")] }, failed("repeat")],
      [said(" and half."), end("stop")],
    )
    {
      await using opened = await openHost(gateway)
      const turn = await opened.project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hi")
      assert.equal(turn.text, "Half and half.")
      assert.equal(turn.continuations, 1)
      assert.equal(turn.failure, undefined)
    }
    const final = scripted([{ chunks: [said("Half")] }, failed("stop")])
    await using opened = await openHost(final)
    const turn = await opened.project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hi")
    assert.equal(turn.failure?.message, "Kiro: the connection broke.")
    assert.equal(turn.failure?.shouldRetry, "false")
    assert.equal(final.calls.length, 1)
  })

  it("ends a call within the time that an interruption may take, also of a gateway that hears nothing", async () => {
    const asked = Promise.withResolvers<AbortSignal>()
    await using opened = await openHost({
      chat: (call) => {
        asked.resolve(call.signal)
        return new Promise(() => undefined)
      },
    })
    const stop = new AbortController()
    const turn = opened.project
      .session({ model: "kiro/claude-sonnet-4-5" })
      .prompt("Hi", { signal: stop.signal })
    const signal = await asked.promise
    stop.abort()
    assert.equal((await within(100, turn)).interrupted, true)
    assert.ok(signal.aborted)
  })

  it("survives a reload of the plugin with the host's old language model", async () => {
    const gateway = scripted([said("Hello"), end("stop")])
    await using opened = await openHost(gateway)
    const session = opened.project.session({ model: "kiro/claude-sonnet-4-5" })
    await session.prompt("Hi")
    const reloaded = opened.project.reload()
    const turn = await session.prompt("Again").catch(() => undefined)
    await reloaded
    const after = await session.prompt("Again")
    assert.equal(after.text, "Hello")
    assert.ok(turn === undefined || turn.text === "Hello")
  })

  it("says a fault of our own once, in words", async () => {
    await using opened = await openHost({
      chat: async () => {
        throw new TypeError("x is not a function")
      },
    })
    const turn = await opened.project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hi")
    assert.match(turn.failure?.message ?? "", /the plugin itself failed \(x is not a function\).*doctor/)
    assert.deepEqual(turn.waits, [])
  })
})
