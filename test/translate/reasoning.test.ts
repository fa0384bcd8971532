import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { ReasoningBlock } from "../../src/openai/index.ts"
import { hashReasoning, withoutSignatures } from "../../src/translate/index.ts"
import type { SignedReasoning } from "../../src/translate/index.ts"
import {
  answers,
  asks,
  assistantMessages,
  call,
  conversationOf,
  result,
  says,
  stateOf,
} from "./support/chat.ts"

const MODEL = "claude-sonnet-4.5"
const TEXT = "Let me think about it. "
const remembered: readonly SignedReasoning[] = [
  { toolUseIds: ["a", "b"], textHash: hashReasoning(TEXT, MODEL), signature: "EqQBCkYI" },
  { toolUseIds: ["hidden"], textHash: hashReasoning("", MODEL), redacted: "LktUUn5+" },
  { toolUseIds: ["both"], textHash: hashReasoning(TEXT, MODEL), signature: "EqQBCkYI" },
  { toolUseIds: ["both"], textHash: hashReasoning("", MODEL), redacted: "LktUUn5+" },
]
const thinks = (text: string, ...calls: readonly object[]): object => ({
  ...asks(...calls),
  reasoning_content: text,
})
const openLoop = (text: string): object[] => [
  says("Go"),
  thinks(text, call("a"), call("b")),
  result("a", "1"),
  result("b", "2"),
]

function reasoningOf(messages: readonly unknown[]): unknown[] {
  return assistantMessages(stateOf({ messages, reasoning: remembered })).map(
    ({ reasoningContent }) => reasoningContent,
  )
}

describe("reasoning", () => {
  it("is given back with its signature while the tool loop is open", () => {
    assert.deepEqual(reasoningOf(openLoop(TEXT)), [{ reasoningText: { text: TEXT, signature: "EqQBCkYI" } }])
  })

  it("is given back as the service hid it", () => {
    assert.deepEqual(reasoningOf([says("Go"), thinks("", call("hidden"))]), [{ redactedContent: "LktUUn5+" }])
  })

  it("is left out where the model gave an open and a hidden half: a message has room for one", () => {
    for (const text of [TEXT, ""])
      assert.deepEqual(reasoningOf([says("Go"), thinks(text, call("both"))]), [undefined])
  })

  it("is given back to each of two turns whose calls have one id, by its text", () => {
    const other = "And now this."
    const kept = [TEXT, other].map((text, index) => ({
      toolUseIds: ["call_0"],
      textHash: hashReasoning(text, MODEL),
      signature: `c2ln${index}`,
    }))
    const messages = [TEXT, other, "Neither."].flatMap((text) => [
      thinks(text, call("call_0")),
      result("call_0", "1"),
    ])
    const signed = (reasoning: readonly SignedReasoning[]): unknown[] =>
      assistantMessages(stateOf({ messages: [says("Go"), ...messages], reasoning })).map(
        ({ reasoningContent }) => reasoningContent,
      )
    assert.deepEqual(signed(kept), [
      { reasoningText: { text: TEXT, signature: "c2ln0" } },
      { reasoningText: { text: other, signature: "c2ln1" } },
      undefined,
    ])
    // Whose half what is hidden is, nobody can tell.
    const hidden = { toolUseIds: ["call_0"], textHash: hashReasoning("", MODEL), redacted: "LktUUn5+" }
    assert.deepEqual(signed([...kept, hidden]), [undefined, undefined, undefined])
  })

  it("is left out where two answers stand together that each have some: a message has room for one", () => {
    const twice = [
      says("Go"),
      thinks(TEXT, call("a"), call("b")),
      thinks("", call("hidden")),
      result("a", "1"),
      result("b", "2"),
      result("hidden", "3"),
    ]
    assert.deepEqual(reasoningOf(twice), [undefined])
    assert.deepEqual(reasoningOf([says("Go"), thinks(TEXT, call("a"), call("b")), answers("And")]), [
      { reasoningText: { text: TEXT, signature: "EqQBCkYI" } },
    ])
  })

  it("is given back by the proof that came with it, before any that was kept", () => {
    const withBlocks = (...reasoning: readonly ReasoningBlock[]): unknown[] =>
      conversationOf({
        messages: openLoop(TEXT),
        reasoning: remembered,
        blocks: reasoning,
      }).turns.map((turn) => (turn.role === "assistant" ? turn.reasoning : undefined))
    const own = { text: TEXT, signature: "b3du" }
    assert.deepEqual(withBlocks(own), [undefined, own, undefined])
    assert.deepEqual(withBlocks({ text: "", redacted: "LktPd24=" })[1], { text: "", redacted: "LktPd24=" })
    assert.deepEqual(withBlocks(own, { text: "", redacted: "LktPd24=" })[1], undefined)
    assert.deepEqual(withBlocks({ text: "Let me think " }, { text: "about it. " })[1], {
      text: TEXT,
      signature: "EqQBCkYI",
    })
  })

  it("is left out where the text is not the one that was signed, or nothing is remembered", () => {
    assert.deepEqual(reasoningOf(openLoop("Let me think about it.")), [undefined])
    assert.deepEqual(reasoningOf([says("Go"), thinks(TEXT, call("c"))]), [undefined])
  })

  it("is given back when the user speaks again, so that the history stays as it was", () => {
    const signed = { reasoningText: { text: TEXT, signature: "EqQBCkYI" } }
    assert.deepEqual(reasoningOf([...openLoop(TEXT), says("Stop")]), [signed])
    assert.deepEqual(reasoningOf([...openLoop(TEXT), answers("Done"), says("Next")]), [signed, undefined])
  })

  it("is given back only to the model that it came from", () => {
    const other = conversationOf({
      messages: openLoop(TEXT),
      reasoning: remembered,
      wireModelId: "claude-opus-5",
    })
    assert.ok(other.turns.every((turn) => turn.role === "user" || turn.reasoning === undefined))
  })

  it("is bounded by the window: the oldest loops go, whole and in blocks, but none while it goes on", () => {
    const loop = (number: number, steps: number): object[] => [
      says(`ask ${number}`),
      ...Array.from({ length: steps }, (_, step) => [
        thinks(`${number}.${step} ${"x".repeat(996)}`, call(`c${number}.${step}`)),
        result(`c${number}.${step}`, "ok"),
      ]).flat(),
    ]
    const kept = (loops: readonly object[][]): string =>
      conversationOf({
        messages: loops.flat(),
        serviceWindow: 20_000,
        reasoning: loops.flatMap((messages, number) =>
          messages.flatMap((message) => {
            const { reasoning_content: text } = message as { readonly reasoning_content?: string }
            const step = text?.split(" ")[0]?.split(".")[1]
            return text === undefined
              ? []
              : [{ toolUseIds: [`c${number}.${step}`], textHash: hashReasoning(text, MODEL), signature: "s" }]
          }),
        ),
      })
        .turns.flatMap((turn) => (turn.role === "user" ? [] : [turn.reasoning === undefined ? "-" : "r"]))
        .join("")
    // 5 000 tokens at most, about 250 for each step; 1 250 go at once.
    const loops = [loop(0, 4), loop(1, 4), loop(2, 8)]
    assert.equal(kept(loops), "rrrrrrrrrrrrrrrr")
    assert.equal(kept([...loops, loop(3, 4)]), "r".repeat(20))
    assert.equal(kept([...loops, loop(3, 5)]), `--------${"r".repeat(13)}`)
    assert.equal(kept([...loops, loop(3, 10)]), `--------${"r".repeat(18)}`)
    assert.equal(kept([loop(0, 30)]), "r".repeat(30))
    assert.equal(kept([loop(0, 2), loop(1, 30)]), `--${"r".repeat(30)}`)
  })

  it("is taken away as a whole where the service refuses a signature", () => {
    const conversation = withoutSignatures(
      conversationOf({ messages: openLoop(TEXT), reasoning: remembered }),
    )
    assert.equal(
      conversation.turns.some((turn) => "reasoning" in turn),
      false,
    )
  })
})
