import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { ReasoningBlock } from "../../src/openai/index.ts"
import { hashReasoning, withoutSignatures } from "../../src/translate/index.ts"
import type { SignedReasoning } from "../../src/translate/index.ts"
import { asks, assistantMessages, call, conversationOf, result, says, stateOf } from "./support/chat.ts"

const TEXT = "Let me think about it. "
const remembered: readonly SignedReasoning[] = [
  { toolUseIds: ["a", "b"], textHash: hashReasoning(TEXT), signature: "EqQBCkYI" },
  { toolUseIds: ["hidden"], textHash: hashReasoning(""), redacted: "LktUUn5+" },
  { toolUseIds: ["both"], textHash: hashReasoning(TEXT), signature: "EqQBCkYI" },
  { toolUseIds: ["both"], textHash: hashReasoning(""), redacted: "LktUUn5+" },
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

  it("is left out when the user speaks again, but not for media of a tool", () => {
    const attached = says("Attached media from tool result:")
    assert.equal(reasoningOf([...openLoop(TEXT), attached])[0] !== undefined, true)
    const update = says("<system-update>\nThe date is 2026-11-28.\n</system-update>")
    assert.equal(reasoningOf([...openLoop(TEXT), update])[0] !== undefined, true)
    assert.deepEqual(reasoningOf([...openLoop(TEXT), says("Stop")]), [undefined])
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
