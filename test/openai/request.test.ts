import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { ChatRequestError, readChatRequest } from "../../src/openai/index.ts"

const user = { role: "user", content: "Hello" }

function read(changes: object): ReturnType<typeof readChatRequest> {
  return readChatRequest({ model: "claude-sonnet-4-5", messages: [user], stream: true, ...changes })
}

function fieldOf(body: unknown): string {
  try {
    readChatRequest(body)
  } catch (error) {
    if (error instanceof ChatRequestError) return error.field
    throw error
  }
  return assert.fail("the body was taken")
}

describe("a chat request", () => {
  it("is read with its effort, its thinking budget and its limit", () => {
    const { reasoningEffort, thinkingBudget, maxTokens, stream } = read({
      reasoning_effort: "high",
      thinkingConfig: { thinkingBudget: 8192 },
      max_tokens: 32_000,
    })
    assert.deepEqual(
      { reasoningEffort, thinkingBudget, maxTokens, stream },
      {
        reasoningEffort: "high",
        thinkingBudget: 8192,
        maxTokens: 32_000,
        stream: true,
      },
    )
  })

  it("is refused with the name of the field that is wrong", () => {
    const body = { model: "m", messages: [user] }
    assert.equal(fieldOf(undefined), "body")
    assert.equal(fieldOf([]), "body")
    assert.equal(fieldOf({ ...body, model: 3 }), "model")
    assert.equal(fieldOf({ ...body, messages: {} }), "messages")
    assert.equal(fieldOf({ ...body, messages: [] }), "messages")
    assert.equal(fieldOf({ ...body, messages: [user, "Hello"] }), "messages[1]")
    assert.equal(fieldOf({ ...body, messages: [{ content: "Hello" }] }), "messages[0].role")
    const broken = { role: "assistant", tool_calls: [{ id: "a" }] }
    assert.equal(fieldOf({ ...body, messages: [broken] }), "messages[0].tool_calls[0].function")
    assert.equal(fieldOf({ ...body, tools: [{ type: "function" }] }), "tools[0].function.name")
  })

  it("may give content as nothing, a text, parts, or a bare value", () => {
    const contents = [
      null,
      undefined,
      "",
      [],
      "a",
      ["a", { type: "text", text: "b" }],
      7,
      { type: "text", text: "c" },
      { x: 1 },
    ]
    const { messages } = read({ messages: contents.map((content) => ({ role: "user", content })) })
    const texts = messages.map(({ content }) =>
      content.map((part) => (part.type === "text" ? part.text : part.url)),
    )
    assert.deepEqual(texts, [[], [], [""], [], ["a"], ["a", "b"], ["7"], ["c"], ['{"x":1}']])
  })

  it("takes a role that it does not know for the user's, and a developer for the system", () => {
    const { messages } = read({
      messages: [
        { role: "developer", content: "a" },
        { role: "function", content: "b" },
      ],
    })
    assert.deepEqual(
      messages.map(({ role }) => role),
      ["system", "user"],
    )
  })

  it("may give arguments as their value in place of their text", () => {
    const call = (args: unknown): object => ({ id: "a", function: { name: "bash", arguments: args } })
    const { messages } = read({
      messages: [{ role: "assistant", tool_calls: [call({ x: 1 }), call(null), call("{")] }],
    })
    const [message] = messages
    assert.equal(message?.role, "assistant")
    assert.deepEqual(
      message.toolCalls.map((each) => each.arguments),
      ['{"x":1}', "", "{"],
    )
  })

  it("may give reasoning under either of its names", () => {
    for (const name of ["reasoning_content", "reasoning"]) {
      const [message] = read({ messages: [{ role: "assistant", content: "Yes.", [name]: "Hm." }] }).messages
      assert.deepEqual(message?.role === "assistant" && message.reasoning, [{ text: "Hm." }])
    }
  })

  it("has no tools where the model may not call one", () => {
    const tools = [{ type: "function", function: { name: "bash" } }]
    assert.equal(read({ tools, tool_choice: "auto" }).tools.length, 1)
    assert.equal(read({ tools, tool_choice: "none" }).tools.length, 0)
  })

  it("holds no half of a surrogate pair", () => {
    const { messages } = read({ messages: [{ role: "user", content: "a\ud83d" }] })
    assert.deepEqual(messages[0]?.content, [{ type: "text", text: "a\ufffd" }])
  })
})
