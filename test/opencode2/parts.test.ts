import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import type { ChatChunk, ToolCallDelta } from "../../src/openai/index.ts"
import { createPartWriter } from "../../src/opencode2/parts.ts"
import { createPublisher } from "../support/fake-opencode2/publisher.ts"

const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10 },
  completion_tokens_details: { reasoning_tokens: 5 },
}

const text = (content: string): ChatChunk => ({ delta: { content } })
const reasoning = (reasoning_content: string): ChatChunk => ({ delta: { reasoning_content } })
const call = (index: number, piece: string, id?: string, name?: string): ChatChunk => {
  const delta: ToolCallDelta = {
    index,
    ...(id !== undefined && { id }),
    function: { ...(name !== undefined && { name }), arguments: piece },
  }
  return { delta: { tool_calls: [delta] } }
}

function write(chunks: readonly ChatChunk[]): object[] {
  const writer = createPartWriter("kiro")
  return [...chunks.flatMap((chunk) => writer.push(chunk)), ...writer.end()]
}

describe("the parts of an answer", () => {
  it("hold one text or reasoning at a time, each reasoning with its proof", () => {
    const parts = write([
      reasoning("Let me"),
      reasoning(" see."),
      { delta: {}, reasoningEnd: { signature: "c2ln" } },
      { delta: {}, reasoningEnd: { redacted: "aGlkZGVu" } },
      text("Hello"),
      text(" you"),
      { delta: {}, finishReason: "stop", usage: USAGE },
    ])
    assert.deepEqual(parts, [
      { type: "reasoning-start", id: "reasoning-1" },
      { type: "reasoning-delta", id: "reasoning-1", delta: "Let me" },
      { type: "reasoning-delta", id: "reasoning-1", delta: " see." },
      { type: "reasoning-end", id: "reasoning-1", providerMetadata: { kiro: { signature: "c2ln" } } },
      { type: "reasoning-start", id: "reasoning-2" },
      { type: "reasoning-end", id: "reasoning-2", providerMetadata: { kiro: { redacted: "aGlkZGVu" } } },
      { type: "text-start", id: "text-3" },
      { type: "text-delta", id: "text-3", delta: "Hello" },
      { type: "text-delta", id: "text-3", delta: " you" },
      { type: "text-end", id: "text-3" },
      {
        type: "finish",
        finishReason: { unified: "stop", raw: "stop" },
        usage: {
          inputTokens: { total: 100, noCache: 30, cacheRead: 60, cacheWrite: 10 },
          outputTokens: { total: 20, text: 15, reasoning: 5 },
        },
      },
    ])
  })

  it("count no write to the cache where none is told, and nothing where no usage is", () => {
    const { cache_write_tokens: _, ...details } = USAGE.prompt_tokens_details
    const usage = { ...USAGE, prompt_tokens_details: details }
    const counted = (last: Partial<ChatChunk>): string =>
      JSON.stringify(write([{ delta: {}, ...last }]).at(-1))
    assert.match(
      counted({ usage }),
      /"inputTokens":\{"total":100,"noCache":40,"cacheRead":60,"cacheWrite":0\}/,
    )
    assert.match(counted({}), /"inputTokens":\{\}/)
  })

  it("give a call's input as it arrives and the call as soon as it is whole, also of two at once", () => {
    const parts = write([
      call(0, "", "tooluse_1", "read"),
      call(0, '{"a":'),
      call(1, "", "tooluse_2", "bash"),
      call(0, "1}"),
      { delta: {}, callEnd: 0 },
      { delta: {}, callEnd: 1 },
      { delta: {}, finishReason: "tool_calls" },
    ])
    assert.deepEqual(parts.slice(0, -1), [
      { type: "tool-input-start", id: "tooluse_1", toolName: "read" },
      { type: "tool-input-delta", id: "tooluse_1", delta: '{"a":' },
      { type: "tool-input-start", id: "tooluse_2", toolName: "bash" },
      { type: "tool-input-delta", id: "tooluse_1", delta: "1}" },
      { type: "tool-input-end", id: "tooluse_1" },
      { type: "tool-call", toolCallId: "tooluse_1", toolName: "read", input: '{"a":1}' },
      { type: "tool-input-end", id: "tooluse_2" },
      { type: "tool-call", toolCallId: "tooluse_2", toolName: "bash", input: "{}" },
    ])
  })

  it("give a call that the end cut off as it is", () => {
    const parts = write([call(0, '{"a":', "tooluse_1", "read"), { delta: {}, finishReason: "length" }])
    assert.deepEqual(parts.slice(2, 4), [
      { type: "tool-input-end", id: "tooluse_1" },
      { type: "tool-call", toolCallId: "tooluse_1", toolName: "read", input: '{"a":' },
    ])
  })

  it("know every finish reason", () => {
    const reasons = (["stop", "length", "tool_calls", "content_filter"] as const).map((finishReason) => {
      const finish = write([{ delta: {}, finishReason }]).at(-1) as { finishReason: { unified: string } }
      return finish.finishReason.unified
    })
    assert.deepEqual(reasons, ["stop", "length", "tool-calls", "content-filter"])
  })

  it("leave out a signature that comes after what followed its reasoning", () => {
    const parts = write([reasoning("Hm."), text("Hello"), { delta: {}, reasoningEnd: { signature: "c2ln" } }])
    assert.ok(!JSON.stringify(parts).includes("c2ln"))
  })

  it("keep what proves a later block, though an earlier one was never proven", () => {
    const unproven = [reasoning("Hm."), text("Hello")]
    const hidden = JSON.stringify(write([...unproven, { delta: {}, reasoningEnd: { redacted: "aGlk" } }]))
    assert.match(hidden, /"text-end"[^]*"reasoning-end","id":"reasoning-3","providerMetadata":[^]*aGlk/)
    const signed = [...unproven, reasoning("So."), { delta: {}, reasoningEnd: { signature: "c2ln" } }]
    assert.match(JSON.stringify(write(signed)), /"So\."[^]*"reasoning-end","id":"reasoning-3"[^]*c2ln/)
  })

  it("begin nothing for a chunk without a word, which is no output yet", () => {
    const writer = createPartWriter("kiro")
    assert.deepEqual([text(""), reasoning("")].flatMap(writer.push), [])
    assert.equal(writer.hasOutput(), false)
    assert.equal(writer.push(call(0, "", "a", "read")).length, 1)
    assert.equal(writer.hasOutput(), true)
  })

  it("keep a signature that comes without a word of its reasoning", () => {
    const parts = write([{ delta: {}, reasoningEnd: { signature: "c2ln" } }, text("Hello")])
    const [start, end] = parts.map((part) => JSON.stringify(part))
    assert.match(start ?? "", /reasoning-start/)
    assert.match(end ?? "", /reasoning-end.*c2ln/)
  })

  it("never kill the host's publisher, whatever the order of the chunks", () => {
    const chunk = fc.oneof(
      fc.string({ maxLength: 3 }).map(text),
      fc.string({ maxLength: 3 }).map(reasoning),
      fc.constantFrom<ChatChunk>(
        { delta: {}, reasoningEnd: { signature: "s" } },
        { delta: {}, reasoningEnd: { redacted: "r" } },
        { delta: {} },
      ),
      fc
        .tuple(
          fc.nat(3),
          fc.string({ maxLength: 3 }),
          fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
        )
        .map(([index, piece, id]) => call(index, piece, id, id && "read")),
      fc.nat(3).map((index): ChatChunk => ({ delta: {}, callEnd: index })),
    )
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 30 }), fc.boolean(), (chunks, inOrder) => {
        const writer = createPartWriter("kiro")
        const publisher = createPublisher({ type: "assistant", model: "kiro/auto", content: [] }, "kiro")
        for (const part of chunks.flatMap((one) => writer.push(one))) publisher.publish(part)
        for (const part of inOrder ? writer.end() : writer.close()) publisher.publish(part)
        publisher.flush()
        const written = chunks.map(({ delta }) => delta.content ?? "").join("")
        const shown = publisher.message.content
          .map((item) => (item.type === "text" ? item.text : ""))
          .join("")
        assert.equal(shown, written)
      }),
    )
  })
})
