import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { foldChunks, type ChatChunk } from "../../src/openai/index.ts"

const HEAD = { id: "chatcmpl-1", created: 1, model: "claude-sonnet-4-5" }

function call(index: number, isWhole: boolean): ChatChunk[] {
  const id = `c${index}`
  return [
    { delta: { tool_calls: [{ index, id, type: "function", function: { name: "read", arguments: "" } }] } },
    {
      delta: { tool_calls: [{ index, function: { arguments: "{}" } }] },
      ...(isWhole && { callEnd: index }),
    },
  ]
}

describe("an answer in one document", () => {
  it("has the calls that were completed, and no other", () => {
    const chunks = [...call(0, true), ...call(1, false), ...call(2, true)]
    const [{ message }] = foldChunks(HEAD, chunks).choices
    assert.deepEqual(
      message.tool_calls?.map(({ id }) => id),
      ["c0", "c2"],
    )
    assert.equal(foldChunks(HEAD, call(0, false)).choices[0].message.tool_calls, undefined)
  })

  it("has the reasoning without its ends", () => {
    const [{ message }] = foldChunks(HEAD, [
      { delta: { role: "assistant", reasoning_content: "Hm." } },
      { delta: {}, reasoningEnd: { signature: "c2ln" } },
      { delta: { content: "Yes." }, finishReason: "stop" },
    ]).choices
    assert.deepEqual(message, { role: "assistant", content: "Yes.", reasoning_content: "Hm." })
  })
})
