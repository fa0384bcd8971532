import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Conversation } from "../../src/translate/index.ts"
import {
  refusedMedia,
  refusedTools,
  toolsOfServer,
  toSendable,
  withoutMedia,
  withoutTools,
} from "../../src/translate/index.ts"
import { PIXEL } from "./support/arbitrary-request.ts"
import { answers, asks, call, conversationOf, result, says } from "./support/chat.ts"

const tool = (name: string): object => ({ type: "function", function: { name, description: name } })
const names = [
  "bash",
  "notion_API.post search",
  "notion_fetch",
  "mcp__my_git__log",
  "mcp__my_git__show",
  "mcp__x__a",
]
const tools = names.map(tool)

const image = (letter: string): object => ({
  type: "image_url",
  image_url: { url: `${PIXEL.slice(0, -4)}${letter}CC=` },
})
const pdf = {
  type: "file",
  file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${btoa("%PDF-1.7\n")}` },
}

const otherPdf = {
  type: "file",
  file: { filename: "b.pdf", file_data: `data:application/pdf;base64,${btoa("%PDF-1.7\n\n")}` },
}

function kindsOf({ turns }: Conversation): string[] {
  return turns.map((turn) => (turn.role === "user" ? turn.parts.map(({ type }) => type).join(" ") : ""))
}

describe("a tool that the service refuses", () => {
  const conversation = toSendable(conversationOf({ messages: [says("Go")], tools }), {
    serviceWindow: 200_000,
  })

  it("is found by its place in the list that was sent, under the name that OpenCode knows", () => {
    const places = names.map((_, index) => `tools.${index}.custom.input_schema: no`)
    assert.deepEqual(
      places.flatMap((place) => refusedTools(conversation, place)),
      names,
    )
    assert.deepEqual(refusedTools(conversation, places.join("; ")), names)
    assert.deepEqual(refusedTools(conversation, "Invalid 'tools[2].function.name': too long."), [names[2]])
    assert.deepEqual(refusedTools(conversation, `tools.${names.length}.custom.input_schema: no`), [])
  })

  it("is found by a place that is counted from one", () => {
    const words =
      "2 validation errors detected: Value '' at 'toolConfig.tools.1.member.toolSpec.name' failed; Value '' at 'toolConfig.tools.3.member.toolSpec.name' failed"
    assert.deepEqual(refusedTools(conversation, words), [names[0], names[2]])
  })

  it("is found by the name that was sent where no place is told", () => {
    const wire = conversation.tools.map(({ name }) => name)
    for (const [index, name] of wire.entries())
      for (const words of [
        `Invalid tool name: ${name}`,
        `Invalid schema for function '${name}': no.`,
        `Tool ${name}: no`,
      ])
        assert.deepEqual(refusedTools(conversation, words), [names[index]], words)
    assert.deepEqual(
      refusedTools(conversation, "Invalid tool use format, see notion_fetch_all and bash."),
      [],
    )
    // What it quotes besides are the tool's own words, which may be another one's name.
    const quoting = `Invalid schema for function '${wire[1]}': In context=('properties', '${wire[0]}'), no.`
    assert.deepEqual(refusedTools(conversation, quoting), [names[1]])
  })

  it("is left out alone, or with all tools of its server", () => {
    const left = (out: readonly string[]): (string | undefined)[] => {
      const { tools: kept, toolNames } = withoutTools(conversation, new Set(out))
      return kept.map(({ name }) => toolNames.get(name))
    }
    assert.deepEqual(left(["notion_API.post search"]), names.toSpliced(1, 1))
    assert.deepEqual(toolsOfServer(conversation, "notion_fetch"), names.slice(1, 3))
    assert.deepEqual(toolsOfServer(conversation, "mcp__my_git__log"), names.slice(3, 5))
    assert.deepEqual(toolsOfServer(conversation, "bash"), ["bash"])
    assert.equal(withoutTools(conversation, new Set(["other"])), conversation)
  })

  it("keeps its name, and nothing that can be refused, where the conversation has used it", () => {
    const used = conversationOf({
      messages: [says("Go"), asks(call("a", "{}", "notion_fetch")), result("a", "one")],
      tools,
    })
    const sent = toSendable(withoutTools(used, new Set(["notion_fetch"])), { serviceWindow: 200_000 })
    const { schema, ...named } = sent.tools.at(-1) ?? assert.fail("no tool")
    assert.deepEqual(named, { name: "notion_fetch", description: "notion_fetch" })
    assert.deepEqual(schema.json, { type: "object", properties: {} })
    assert.equal(sent.tools.length, names.length)
  })
})

describe("a medium that the service refuses", () => {
  const conversation = conversationOf({
    messages: [
      says(["See", image("A"), pdf]),
      answers("1"),
      says(["See", image("B"), image("C")]),
      answers("2"),
      says("Go"),
    ],
  })

  it("is that of the message that the refusal names, else the newest", () => {
    const without = (wanted: Parameters<typeof refusedMedia>[1]): string[] =>
      kindsOf(withoutMedia(conversation, new Set(refusedMedia(conversation, wanted))))
    assert.deepEqual(without({ type: "image", places: [{ message: 0 }] }), [
      "text text document",
      "",
      "text image image",
      "",
      "text",
    ])
    assert.deepEqual(without({ type: "image" }), ["text image document", "", "text text text", "", "text"])
    assert.deepEqual(without({ type: "image", places: [{ message: 4 }] }), [
      "text image document",
      "",
      "text text text",
      "",
      "text",
    ])
    assert.deepEqual(without({ type: "document" }), ["text image text", "", "text image image", "", "text"])
    const several = [{ message: 0, block: 1 }, { message: 2, block: 2 }, { message: 4 }]
    assert.deepEqual(without({ type: "image", places: several }), [
      "text text document",
      "",
      "text image text",
      "",
      "text",
    ])
  })

  it("is the one in the place that is named, where that is told and right", () => {
    const one = conversationOf({
      messages: [
        says("Go"),
        asks(call("a", "{}", "bash"), call("b", "{}", "bash")),
        result("a", "one"),
        result("b", "two"),
        says(["See", image("A"), pdf, image("B")]),
        answers("1"),
        says([image("C"), "See", image("D"), otherPdf]),
      ],
      tools,
    })
    const left = (type: "image" | "document", message: number, block: number): string[] =>
      kindsOf(withoutMedia(one, new Set(refusedMedia(one, { type, places: [{ message, block }] }))))
    const [before, after] = ["text image document image", "image text image document"]
    assert.deepEqual(left("image", 4, 1)[4], "text text image document")
    assert.deepEqual(left("image", 4, 2)[4], "image text text document")
    assert.deepEqual(left("document", 4, 3)[4], "image text image text")
    // What tools returned stands before.
    assert.deepEqual(left("image", 2, 3)[2], "text text document image")
    assert.deepEqual(left("image", 2, 4)[2], "text image document text")
    assert.deepEqual(left("document", 2, 5), ["text", "", "text image text image", "", after])
    // A place that is another part's.
    assert.deepEqual(left("image", 2, 0), ["text", "", "text text document text", "", after])
    assert.deepEqual(left("document", 4, 1), ["text", "", before, "", "image text image text"])
  })

  it("is known again in the next request, and said to be left out", () => {
    const [hash = ""] = refusedMedia(conversation, { type: "document" })
    const next = conversationOf({
      messages: [says(["See", pdf]), answers("1"), says(["See", pdf, image("A")])],
    })
    const [first, , last] = withoutMedia(next, new Set([hash])).turns
    assert.deepEqual(first?.role === "user" && first.parts[1], {
      type: "text",
      text: "[a.pdf left out: the service refused it]",
    })
    assert.equal(last?.role === "user" && last.parts[2]?.type, "image")
    const twice = conversationOf({ messages: [says([image("A"), image("A")])] })
    assert.equal(refusedMedia(twice, { type: "image" }).length, 1)
    assert.deepEqual(refusedMedia(conversationOf({ messages: [says("Go")] }), { type: "image" }), [])
  })
})
