import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { EMPTY_MESSAGE, INTERRUPTED_RESULT } from "../../src/translate/conversation/filler.ts"
import { estimateTokens, toConversation, toSendable } from "../../src/translate/index.ts"
import {
  answers,
  asks,
  assistantMessages,
  call,
  conversationOf,
  result,
  says,
  stateOf,
  userMessages,
} from "./support/chat.ts"

const system = { role: "system", content: "Be terse." }

function contents(messages: readonly unknown[], tools?: readonly unknown[]): string[] {
  const { history, currentMessage } = stateOf({ messages, ...(tools && { tools }) })
  return [...history, currentMessage].map((message) =>
    "userInputMessage" in message
      ? message.userInputMessage.content
      : message.assistantResponseMessage.content,
  )
}

function results(messages: readonly unknown[]): string[][] {
  return userMessages(stateOf({ messages })).map(({ userInputMessageContext }) =>
    (userInputMessageContext?.toolResults ?? []).map(
      ({ toolUseId, content }) => `${toolUseId}: ${content[0]?.text}`,
    ),
  )
}

describe("a conversation on the wire", () => {
  it("has the system prompt before the first message, in every turn", () => {
    assert.deepEqual(contents([system, says("Hi")]), ["Be terse.\n\nHi"])
    assert.deepEqual(contents([system, says("Hi"), answers("Yes?"), says("Go")]), [
      "Be terse.\n\nHi",
      "Yes?",
      "Go",
    ])
  })

  it("begins with the prefix of a model that thinks by prompt", () => {
    const state = stateOf(
      { messages: [system, says("Hi")] },
      { systemPrefix: "<thinking_mode>enabled</thinking_mode>" },
    )
    assert.equal(userMessages(state)[0]?.content, "<thinking_mode>enabled</thinking_mode>\n\nBe terse.\n\nHi")
  })

  it("leaves a later system message where it stands", () => {
    const later = { role: "developer", content: "Now in French." }
    assert.deepEqual(contents([system, says("Hi"), answers("Yes?"), later, says("Go")]), [
      "Be terse.\n\nHi",
      "Yes?",
      "Now in French.\n\nGo",
    ])
  })

  it("has empty content beside tool results, in the history too", () => {
    const messages = [says("Go"), asks(call("a")), result("a", "one"), asks(call("b")), result("b", "two")]
    assert.deepEqual(contents(messages), ["Go", "", "", "", ""])
  })

  it("answers parallel calls in their order, however their results came", () => {
    const messages = [says("Go"), asks(call("a"), call("b")), result("b", "two"), result("a", "one")]
    assert.deepEqual(results(messages), [[], ["a: one", "b: two"]])
  })

  it("moves a late result under its call and says of a missing one that it was interrupted", () => {
    const messages = [
      says("Go"),
      asks(call("a"), call("b")),
      says("Wait"),
      answers("Yes"),
      result("a", "one"),
      says("Go on"),
    ]
    assert.deepEqual(results(messages), [[], ["a: one", `b: ${INTERRUPTED_RESULT}`], []])
    const [, answered] = userMessages(stateOf({ messages }))
    assert.deepEqual(
      answered?.userInputMessageContext?.toolResults?.map(({ status }) => status),
      ["success", "error"],
    )
  })

  it("says of a result that it is an error where the host says so", () => {
    const conversation = toConversation(
      {
        model: "claude-sonnet-4-5",
        messages: [
          { role: "user", content: [{ type: "text", text: "Go" }] },
          {
            role: "assistant",
            content: [],
            reasoning: [],
            toolCalls: [{ id: "a", name: "bash", arguments: "{}" }],
          },
          { role: "tool", toolCallId: "a", content: [{ type: "text", text: "no such file" }], isError: true },
        ],
        tools: [{ name: "bash", description: "", parameters: {} }],
        stream: true,
      },
      {
        accepts: { images: true, documents: true },
        serviceWindow: 200_000,
        wireModelId: "claude-sonnet-4.5",
      },
    )
    const answered = conversation.turns.at(-1)
    assert.deepEqual(answered?.role === "user" && answered.results, [
      { id: "a", status: "error", text: "no such file" },
    ])
  })

  it("keeps one of two equal results, and of two different ones the second as text", () => {
    const messages = [
      says("Go"),
      asks(call("a")),
      result("a", "one"),
      result("a", "one"),
      result("a", "other"),
    ]
    assert.deepEqual(results(messages), [[], ["a: one"]])
    assert.deepEqual(contents(messages), ["Go", "", "other"])
  })

  it("says of a tool that returned nothing that it is empty", () => {
    const messages = [says("Go"), asks(call("a"), call("b")), result("a", ""), result("b", " \n")]
    assert.deepEqual(results(messages), [[], [`a: ${EMPTY_MESSAGE}`, `b: ${EMPTY_MESSAGE}`]])
  })

  it("keeps a result whose call was compacted away as text", () => {
    assert.deepEqual(contents([result("gone", "one"), says("Go")]), ["one\n\nGo"])
  })

  it("tells calls of one id apart, each with its own result", () => {
    const messages = [says("Go"), asks(call("a")), result("a", "one"), asks(call("a")), result("a", "two")]
    const [, first = [], second = []] = results(messages)
    assert.deepEqual(first, ["a: one"])
    assert.match(second[0] ?? "", /^a_[0-9a-f]{32}: two$/)
  })

  it("makes ids valid that the service would refuse", () => {
    const long = `call/${"1".repeat(80)}`
    const [, [answered = ""] = []] = results([says("Go"), asks(call(long)), result(long, "one")])
    assert.match(answered, /^[A-Za-z0-9_-]{1,64}: one$/)
  })

  it("says honestly what arguments were that are no object", () => {
    const messages = [
      says("Go"),
      asks(call("a", ""), call("b", '{"x":'), call("c", "[1]"), call("d", '{"x":1}')),
    ]
    const [message] = assistantMessages(stateOf({ messages }))
    assert.deepEqual(
      message?.toolUses?.map(({ input }) => input),
      [{}, { arguments: '{"x":' }, { arguments: [1] }, { x: 1 }],
    )
  })

  it("replaces half a character in arguments, wherever in them it stands", () => {
    const half = String.raw`"\ud83d"`
    const messages = [says("Go"), asks(call("a", `{"x":${half},"y":[{${half}:[${half}]}]}`))]
    const [message] = assistantMessages(stateOf({ messages }))
    const inputs = message?.toolUses?.map(({ input }) => input)
    assert.deepEqual(inputs, [{ x: "\uFFFD", y: [{ "\uFFFD": ["\uFFFD"] }] }])
  })

  it("gives arguments nested deeper than a serialiser follows as their text", () => {
    const deep = `{"x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`
    const [message] = assistantMessages(stateOf({ messages: [says("Go"), asks(call("a", deep))] }))
    assert.deepEqual(message?.toolUses?.[0]?.input, { arguments: deep })
  })

  it("flattens calls and results for a request without tools", () => {
    const messages = [system, says("Go"), asks(call("a", '{"x":1}')), result("a", "one"), says("Sum up")]
    assert.deepEqual(contents(messages, []), ["Be terse.\n\nGo", 'bash {"x":1}', "one\n\nSum up"])
    assert.deepEqual(contents([says("Go"), asks(call("a", "")), says("Sum up")], []), [
      "Go",
      "bash {}",
      "Sum up",
    ])
  })

  it("begins and ends with the user, without a word where the system prompt can stand", () => {
    assert.deepEqual(contents([system, answers("Hello")]), ["Be terse.", "Hello", EMPTY_MESSAGE])
    assert.deepEqual(contents([answers("Hello"), says("Hi")]), [EMPTY_MESSAGE, "Hello", "Hi"])
  })

  it("has a placeholder only where the user sent nothing", () => {
    assert.deepEqual(contents([says(" \n")]), [EMPTY_MESSAGE])
    assert.deepEqual(contents([says("Hi"), answers("Yes?"), says("")]), ["Hi", "Yes?", EMPTY_MESSAGE])
  })

  it("leaves out a turn of reasoning alone", () => {
    const thinks = { role: "assistant", content: "", reasoning_content: "Hm." }
    assert.deepEqual(contents([says("Hi"), thinks, says("Well?")]), ["Hi\n\nWell?"])
  })

  it("cuts a message that no request to a model of this window may hold", () => {
    const [content = ""] = contents([system, says("x".repeat(700_000))])
    assert.ok(content.length <= 600_000 && content.startsWith("Be terse.\n\nxxx") && content.endsWith("xxx"))
    const state = stateOf({ messages: [says("x".repeat(700_000))] }, { serviceWindow: 1_000_000 })
    assert.equal(userMessages(state)[0]?.content.length, 700_000)
  })

  it("cuts a result that no request to a model of this window may hold, and counts what is sent", () => {
    const messages = [
      says("Go"),
      asks(call("a"), call("b")),
      result("a", `head ${"x".repeat(800_000)} tail`),
      result("b", "y".repeat(700_000)),
    ]
    const sizes = (serviceWindow: number): number[] =>
      userMessages(stateOf({ messages }, { serviceWindow })).flatMap(({ userInputMessageContext }) =>
        (userInputMessageContext?.toolResults ?? []).map(({ content }) => content[0]?.text.length ?? 0),
      )
    assert.deepEqual(sizes(200_000), [700_000, 700_000])
    assert.deepEqual(sizes(200_001), [800_010, 700_000])
    const sendable = toSendable(conversationOf({ messages }), { serviceWindow: 200_000 })
    assert.ok(estimateTokens(sendable) < 1_400_100 / 4)
    const [, answered] = userMessages(stateOf({ messages }))
    const [cut] = answered?.userInputMessageContext?.toolResults ?? []
    assert.match(cut?.content[0]?.text ?? "", /^head x+\n.+\nx+ tail$/)
  })
})
