import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { hashReasoning, withoutSignatures } from "../../src/translate/index.ts"
import type { SignedReasoning } from "../../src/translate/index.ts"
import { asks, assistantMessages, call, conversationOf, result, says, stateOf } from "./support/chat.ts"

const TEXT = "Let me think about it. "
const remembered: readonly SignedReasoning[] = [
  { toolUseIds: ["a", "b"], textHash: hashReasoning(TEXT), signature: "EqQBCkYI" },
  { toolUseIds: ["a", "b"], textHash: hashReasoning(""), redactedContent: "LktUUn5+" },
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
    assert.deepEqual(reasoningOf(openLoop("")), [{ redactedContent: "LktUUn5+" }])
  })

  it("is left out where the text is not the one that was signed, or nothing is remembered", () => {
    assert.deepEqual(reasoningOf(openLoop("Let me think about it.")), [undefined])
    assert.deepEqual(reasoningOf([says("Go"), thinks(TEXT, call("c"))]), [undefined])
  })

  it("is left out when the user speaks again, but not for media of a tool", () => {
    const attached = says("Attached media from tool result:")
    assert.equal(reasoningOf([...openLoop(TEXT), attached])[0] !== undefined, true)
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
