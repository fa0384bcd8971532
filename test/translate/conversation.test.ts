import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { readChatRequest } from "../../src/openai/index.ts"
import { toConversation, toConversationState } from "../../src/translate/index.ts"

function stateOf(
  messages: readonly unknown[],
  tools: readonly unknown[] = [{ type: "function", function: { name: "bash" } }],
) {
  const request = readChatRequest({ model: "claude-sonnet-4-5", messages, tools, stream: true })
  const conversation = toConversation(request, { accepts: { images: true, documents: true } })
  return toConversationState(conversation, {
    wireModelId: "claude-sonnet-4.5",
    conversationId: "c",
    cachePoints: 0,
    serviceWindow: 200_000,
  })
}

function call(id: string, args = "{}") {
  return { id, type: "function", function: { name: "bash", arguments: args } }
}

describe("a conversation on the wire", () => {
  it("puts the system prompt before the first message and leaves a tool-result turn empty", () => {
    const { history, currentMessage } = stateOf([
      { role: "system", content: "Be terse." },
      { role: "user", content: "List files" },
      { role: "assistant", content: "", tool_calls: [call("tooluse_a"), call("tooluse_b", '{"x":1}')] },
      { role: "tool", tool_call_id: "tooluse_b", content: "two" },
      { role: "tool", tool_call_id: "tooluse_a", content: "one" },
    ])
    assert.deepEqual(history, [
      {
        userInputMessage: {
          content: "Be terse.\n\nList files",
          modelId: "claude-sonnet-4.5",
          origin: "AI_EDITOR",
        },
      },
      {
        assistantResponseMessage: {
          content: "",
          toolUses: [
            { toolUseId: "tooluse_a", name: "bash", input: {} },
            { toolUseId: "tooluse_b", name: "bash", input: { x: 1 } },
          ],
        },
      },
    ])
    const { content, userInputMessageContext } = currentMessage.userInputMessage
    assert.equal(content, "")
    assert.deepEqual(userInputMessageContext?.toolResults, [
      { toolUseId: "tooluse_a", status: "success", content: [{ text: "one" }] },
      { toolUseId: "tooluse_b", status: "success", content: [{ text: "two" }] },
    ])
  })
})
