import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { describeNotice } from "../../src/accounts/index.ts"
import { hashReasoning } from "../../src/translate/index.ts"
import {
  failure,
  FAILURES,
  finish,
  type ReceivedRequest,
  stream,
  text,
  toolNamesIn,
  waitFor,
} from "../support/fake-kiro/index.ts"
import { assertAnswered, errorText, type Harness, hear, startHarness } from "./harness.ts"
import { PNG } from "../support/pixel.ts"

const refusal = (reason: string): ReturnType<typeof failure> =>
  failure({ status: 400, type: "ValidationException", message: "refused", reason })

const inWords = (message: string, reason: string | null = null): ReturnType<typeof failure> =>
  failure({ status: 400, type: "ValidationException", message, reason })

const PIXEL = `data:image/png;base64,${PNG}`
const OTHER_PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
const PDF = `data:application/pdf;base64,${Buffer.from("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF").toString("base64")}`
const UNION_AT_ROOT = "input_schema does not support oneOf, allOf, or anyOf at the top level"

describe("reasoning that the service refuses", () => {
  const remember = async (harness: Harness, session: string): Promise<void> => {
    const textHash = hashReasoning("Let me look.", "claude-sonnet-4.5")
    const entry = { toolUseIds: ["call_1"], textHash, signature: "c29tZWJvZHkgZWxzZSdz" }
    await harness.store.remember({ sessionId: session, reasoning: [entry] })
  }

  it("is left out, silently, and not sent in that session again", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    await remember(harness, "ses_1")
    await assertAnswered(harness.ask(toolLoop()))
    assert.equal(harness.fake.refused.length, 1)
    assert.match(harness.fake.refused[0]?.reply.body ?? "", /THINKING_SIGNATURE_INVALID/)
    await assertAnswered(harness.ask(toolLoop()))
    assert.equal(harness.fake.refused.length, 1)
    assert.deepEqual(harness.notices, [])
    // Once more in the same session would be a word about the model.
    assert.deepEqual(await refusedFields(harness), ["reasoning-once"])
  })

  it("is sent in other sessions, until it is refused there too: then the model takes none", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    for (const session of ["ses_1", "ses_2", "ses_3"]) {
      await remember(harness, session)
      await assertAnswered(harness.ask(toolLoop(), { session }))
    }
    assert.equal(harness.fake.refused.length, 2)
    assert.ok((await refusedFields(harness)).includes("reasoning"))
  })

  it("is left out in whatever words it is refused", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    await remember(harness, "ses_1")
    const carriesReasoning = ({ text }: ReceivedRequest): boolean => text.includes("reasoningContent")
    const words =
      "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified"
    harness.fake.intercept(carriesReasoning, inWords(words))
    await assertAnswered(harness.ask(toolLoop()))
    assert.equal(sends(harness), 2)
  })
})

describe("thinking that the service allows in no tool loop without the reasoning that began it", () => {
  it("is left out of that request alone, and not held against the model", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const thinks = ({ text: sent }: ReceivedRequest): boolean =>
      sent.includes('"thinking":{"type":"adaptive"')
    harness.fake.intercept(
      (request) => thinks(request) && request.text.includes("toolUses"),
      inWords(
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block",
      ),
    )
    const model = { model: "claude-opus-4-7", reasoning_effort: "high" }
    await assertAnswered(harness.ask({ ...toolLoop(), ...model }))
    await assertAnswered(harness.ask(model))
    assert.deepEqual(harness.fake.chats.map(thinks), [true, false, true])
    assert.deepEqual(await refusedFields(harness), [])
  })
})

describe("a tool that the service refuses", () => {
  const tools = (...names: readonly string[]): object => ({
    tools: names.map((name) => ({ type: "function", function: { name, parameters: { type: "object" } } })),
  })

  it("is left out of this session, and the user told once", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseTools(harness, "notion_post")
    const ask = tools("read", "notion_post", "write")
    for (let times = 0; times < 2; times++) await assertAnswered(harness.ask(ask))
    await harness.gateway.close()
    assert.deepEqual(toolsSent(harness), [
      ["read", "notion_post", "write"],
      ["read", "write"],
      ["read", "write"],
    ])
    assert.deepEqual(harness.notices, [
      { kind: "parts-left-out", parts: ["the tool notion_post"], sessionId: "ses_1" },
    ])
    assert.deepEqual(await refusedFields(harness), [])
    await hear(await harness.ask(ask, { session: "ses_2" }))
    assert.equal(toolsSent(harness).length, 5)
  })

  it("is left out each once, eight times, then with all of its server", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseTools(harness, "notion_")
    const names = Array.from({ length: 12 }, (_, index) => `notion_${index}`)
    await assertAnswered(harness.ask(tools("read", ...names)))
    assert.deepEqual(
      toolsSent(harness).map(({ length }) => length),
      [13, 12, 11, 10, 9, 8, 7, 6, 5, 1],
    )
  })

  it("of ever another server is left out so often, then all are", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseTools(harness, "tool")
    const names = Array.from({ length: 30 }, (_, index) =>
      index % 2 === 0 ? `tool${index}` : `tool${index}_x`,
    )
    await assertAnswered(harness.ask(tools("read", ...names)))
    assert.deepEqual(
      toolsSent(harness).map(({ length }) => length),
      [31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 0],
    )
  })

  it("that the conversation has used, and that is refused without its schema too, goes with all tools", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseTools(harness, "notion_post")
    const asked = { ...toolLoop("notion_post"), ...tools("read", "notion_post", "notion_get") }
    for (let times = 0; times < 2; times++) await assertAnswered(harness.ask(asked))
    assert.deepEqual(toolsSent(harness), [
      ["read", "notion_post", "notion_get"],
      ["read", "notion_get", "notion_post"],
      ["read", "notion_post"],
      [],
      [],
    ])
    // What was called and what came of it is text then.
    assert.match(harness.fake.chats.at(-1)?.text ?? "", /notion_post \{\}.*its text/)
  })

  it("is fatal where nothing that was sent is named", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords(`tools.7.custom.input_schema: ${UNION_AT_ROOT}`))
    const response = await harness.ask(tools("read"))
    assert.equal(response.status, 400)
    assert.match(await errorText(response), /refused a tool.*input_schema/)
    assert.equal(sends(harness), 1)
  })

  it("beside what a title that ends later had refused stays left out", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseTools(harness, "notion_post")
    const titled = Promise.withResolvers<void>()
    const isTitle = ({ text: sent }: ReceivedRequest): boolean => toolNamesIn(sent).length === 0
    harness.fake.intercept(
      (request) => isTitle(request) && request.text.includes('"images":['),
      inWords("Could not process image"),
    )
    harness.fake.when(isTitle, stream(waitFor(titled.promise), text("A title"), finish()))
    const pictured = withPart({ type: "image_url", image_url: { url: PIXEL } })
    const title = harness.ask(pictured, { purpose: "title" })
    await assertAnswered(harness.ask(tools("read", "notion_post")))
    titled.resolve()
    await assertAnswered(title)
    await assertAnswered(harness.ask(tools("read", "notion_post")))
    assert.deepEqual(toolsSent(harness).at(-1), ["read"])
    assert.equal((await harness.store.session("ses_1")).leftOut?.length, 2)
  })

  it("stays left out of the session, and is told of, also where the chat then fails for something else", async () => {
    await using harness = await startHarness({
      accounts: ["work"],
      settings: { maxRequestIterations: 5, rateLimitMaxRetries: 0 },
    })
    refuseTools(harness, "notion_")
    const many = tools("read", ...Array.from({ length: 7 }, (_, index) => `notion_${index}`))
    assert.match(await errorText(await harness.ask(many)), /refused a tool/)
    await assertAnswered(harness.ask(many))
    await harness.gateway.close()
    assert.deepEqual(
      toolsSent(harness).map(({ length }) => length),
      [8, 7, 6, 5, 4, 4, 3, 2, 1],
    )
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "parts-left-out" && notice.parts.length),
      [4, 3],
    )
  })

  it("stays left out of the session also where a model that stands in had it refused, and is busy then", async () => {
    const fallbackModels = { "claude-sonnet-4-5": ["claude-sonnet-4"] }
    await using harness = await startHarness({ settings: { rateLimitMaxRetries: 0, fallbackModels } })
    const account = await harness.add("work")
    account.fail(FAILURES.capacity)
    account.fail(inWords("tools.1.custom.input_schema: no"))
    account.fail(FAILURES.capacity)
    await errorText(await harness.ask(tools("read", "notion_post")))
    await assertAnswered(harness.ask(tools("read", "notion_post")))
    assert.deepEqual(
      toolsSent(harness).map(({ length }) => length),
      [2, 2, 1, 1],
    )
  })

  it("by its name alone is left out as well", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords("Invalid schema for tool 'notion_post'.", "TOOL_SCHEMA_INVALID"))
    await assertAnswered(harness.ask(tools("read", "notion_post")))
    assert.deepEqual(toolsSent(harness), [["read", "notion_post"], ["read"]])
  })

  it("by nobody's name and no place is told as a tool, and nothing is left out", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords("A schema is invalid.", "TOOL_SCHEMA_INVALID"))
    assert.match(
      await errorText(await harness.ask(tools("read"))),
      /refused a tool.*A schema is invalid.*Switch off the MCP/,
    )
    assert.equal(sends(harness), 1)
  })

  it("several at once go at once", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords("tools.0.custom.input_schema: bad; tools.2.custom.input_schema: bad"))
    await assertAnswered(harness.ask(tools("a", "b", "c")))
    assert.deepEqual(toolsSent(harness), [["a", "b", "c"], ["b"]])
  })
})

describe("a picture or document that the service refuses", () => {
  it("of a kind that the model takes none of is remembered for the model", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(refusal("DOCUMENT_MODEL_NOT_SUPPORTED"))
    const ask = withPart({ type: "file", file: { filename: "a.pdf", file_data: PDF } })
    for (let times = 0; times < 2; times++) await assertAnswered(harness.ask(ask))
    assert.deepEqual(counts(harness, "documents"), [1, 0, 0])
    assert.deepEqual(await refusedFields(harness), ["documents"])
    assert.equal((await harness.store.session("ses_1")).leftOut, undefined)
  })

  it("for what it is is left out of this session alone", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    for (const [session, reason, part] of [
      ["a", "DOCUMENT_PASSWORD_PROTECTED", { type: "file", file: { filename: "a.pdf", file_data: PDF } }],
      ["b", "IMAGE_DIMENSION_EXCEEDED", { type: "image_url", image_url: { url: PIXEL } }],
    ] as const) {
      harness.fake.fail(refusal(reason))
      for (let times = 0; times < 2; times++) await hear(await harness.ask(withPart(part), { session }))
    }
    await harness.gateway.close()
    assert.deepEqual(counts(harness, "documents"), [1, 0, 0, 0, 0, 0])
    assert.deepEqual(counts(harness, "images"), [0, 0, 0, 1, 0, 0])
    assert.deepEqual(await refusedFields(harness), [])
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "parts-left-out" && notice.parts),
      [["a picture or document"], ["a picture or document"]],
    )
  })

  it("in words only is the newest one, and the older ones stay", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords("Could not process image"))
    await assertAnswered(harness.ask(twoPictures()))
    assert.deepEqual(counts(harness, "images"), [2, 1])
    assert.ok(harness.fake.chats[1]?.text.includes(bytesOf(PIXEL)))
  })

  it("is told of each time, with words that are news", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    for (const url of [PIXEL, OTHER_PIXEL]) {
      harness.fake.fail(inWords("Could not process image"))
      await assertAnswered(harness.ask(withPart({ type: "image_url", image_url: { url } })))
      await harness.gateway.close()
    }
    const texts = harness.notices.map((notice) => describeNotice(notice, "kiro"))
    assert.equal(new Set(texts.map(({ event }) => event)).size, 2)
    assert.match(texts[1]?.message ?? "", /refused a picture or document \(2 in all\);/)
  })

  it("is not sent to the model that stands in for a busy one either", async () => {
    const fallbackModels = { "claude-sonnet-4-5": ["claude-sonnet-4"] }
    await using harness = await startHarness({ settings: { rateLimitMaxRetries: 0, fallbackModels } })
    const account = await harness.add("work")
    account.fail(inWords("Could not process image"))
    account.fail(FAILURES.capacity)
    await assertAnswered(harness.ask(twoPictures()))
    assert.deepEqual(
      harness.fake.chats.map(({ text }) => text.includes(bytesOf(OTHER_PIXEL))),
      [true, false, false],
    )
  })

  it("by its place is that one, in either form of a place", async () => {
    for (const words of [
      "messages.0.content.1.image.source.base64: Could not process image",
      "Invalid 'messages[0].content[1].image_url'. Expected another.",
      "Value at 'conversationState.history.1.member.userInputMessage.images.1.member.format' failed to satisfy constraint",
    ]) {
      await using harness = await startHarness({ accounts: ["work"] })
      harness.fake.fail(inWords(words))
      await assertAnswered(harness.ask(twoPictures()))
      assert.ok(harness.fake.chats[1]?.text.includes(bytesOf(OTHER_PIXEL)), words)
      assert.ok(!harness.fake.chats[1]?.text.includes(bytesOf(PIXEL)), words)
    }
  })

  it("by a place that is counted from one is that one", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(
      inWords(
        "1 validation error detected: Value at 'messages.1.member.content.2.member.image.format' failed to satisfy constraint",
      ),
    )
    await assertAnswered(harness.ask(twoPictures()))
    assert.ok(harness.fake.chats[1]?.text.includes(bytesOf(OTHER_PIXEL)))
    assert.deepEqual(counts(harness, "images"), [2, 1])
  })

  it("because there are too many is the oldest one", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords("too many images: 2 > 1"))
    await assertAnswered(harness.ask(twoPictures()))
    assert.ok(harness.fake.chats[1]?.text.includes(bytesOf(OTHER_PIXEL)))
    assert.deepEqual(counts(harness, "images"), [2, 1])
  })

  it("by a model that supports none in words is remembered for the model", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords("This model doesn't support the image content block that you provided."))
    for (let times = 0; times < 2; times++) await hear(await harness.ask(twoPictures()))
    assert.deepEqual(counts(harness, "images"), [2, 0, 0])
    assert.deepEqual(await refusedFields(harness), ["images"])
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "parts-left-out" && notice.parts),
      [["all pictures"]],
    )
  })

  it("by a model that supports none leaves the same words in its place from then on", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(inWords("This model doesn't support the image content block that you provided."))
    for (let times = 0; times < 2; times++) await hear(await harness.ask(twoPictures()))
    const [, repeated, next] = harness.fake.chats.map(({ text }) => text)
    assert.equal(next, repeated)
  })
})

describe("pictures that are refused one after the other", () => {
  it("are all left out after eight, in the next requests too, and the model is not blamed", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const carries = ({ text }: ReceivedRequest): boolean => text.includes('"images":[')
    harness.fake.intercept(carries, inWords("Could not process image"))
    const messages = Array.from({ length: 12 }, (_, index) => [
      {
        role: "user",
        content: [
          { type: "text", text: `Look at ${index}.` },
          { type: "image_url", image_url: { url: pngOf(index) } },
        ],
      },
      { role: "assistant", content: "I see." },
    ]).flat()
    const ask = { messages: [...messages, { role: "user", content: "And now?" }] }
    await assertAnswered(harness.ask(ask))
    assert.equal(sends(harness), 10)
    await assertAnswered(harness.ask(ask))
    assert.equal(sends(harness), 11)
    assert.deepEqual(await refusedFields(harness), [])
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "parts-left-out" && notice.parts),
      [["all pictures"]],
    )
  })
})

describe("a page of something in front of the service", () => {
  const page = (status: number, title: string): ReturnType<typeof failure> =>
    failure({
      status,
      body: `<html><head><title>${title}</title></head></html>`,
      headers: { "content-type": "text/html" },
    })

  it("that says 413 has the conversation shortened", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(page(413, "413 Request Entity Too Large"))
    const words = "words and words ".repeat(4000)
    const messages = [0, 1, 2, 3, 4, 5].flatMap((turn) => [
      { role: "user", content: `${turn} ${words}` },
      { role: "assistant", content: `Yes, ${turn}.` },
    ])
    const ask = { messages: [...messages, { role: "user", content: "And now?" }] }
    await assertAnswered(harness.ask(ask))
    const [whole = 0, shorter = 0] = harness.fake.chats.map(({ text }) => text.length)
    assert.ok(shorter < whole * 0.9)
  })

  it("that says no is fatal at once, with its status and title", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(page(403, "Blocked by the firewall"))
    const response = await harness.ask()
    assert.equal(response.status, 400)
    assert.match(await errorText(response), /“403 Blocked by the firewall”/)
    assert.equal(sends(harness), 1)
    assert.equal((await harness.account("work")).health.state, "ok")
  })

  it("with a status of the server is a fault of the network", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(page(502, "Bad gateway"))
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.clock.slept, [500])
  })
})

describe("a plan that does not support what asks", () => {
  const refused = failure({
    status: 403,
    type: "AccessDeniedException",
    message: "Your subscription does not support this application. Please upgrade.",
  })

  it("is looked up again, and the request repeated with what was found", async () => {
    await using harness = await startHarness({ lookUps: { profile: async () => true } })
    const account = await harness.add("work")
    account.fail(refused)
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.profilesAsked, ["work"])
  })

  it("is fatal with these words where nothing else is found", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.fail(refused)
    const response = await harness.ask()
    assert.equal(response.status, 403)
    assert.match(await errorText(response), /does not support this application/)
    assert.deepEqual(harness.sent(), ["work"])
    assert.equal((await harness.account("work")).health.state, "ok")
  })
})

describe("a step of shortening that would not be smaller", () => {
  it("is not sent", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const isChat = ({ operation }: ReceivedRequest): boolean => operation === "GenerateAssistantResponse"
    harness.fake.when(isChat, FAILURES.inputTooLong)
    const response = await harness.ask()
    assert.match(await errorText(response), /prompt is too long/)
    assert.equal(sends(harness), 1)
  })
})

function toolLoop(name = "read"): object {
  return {
    messages: [
      { role: "user", content: "Read it." },
      {
        role: "assistant",
        content: "",
        reasoning_content: "Let me look.",
        tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "call_1", content: "its text" },
    ],
    tools: [{ type: "function", function: { name, parameters: { type: "object" } } }],
  }
}

function withPart(part: object): object {
  return { messages: [{ role: "user", content: [{ type: "text", text: "Look at this." }, part] }] }
}

function twoPictures(): object {
  const picture = (url: string): object => ({
    role: "user",
    content: [
      { type: "text", text: "Look at this." },
      { type: "image_url", image_url: { url } },
    ],
  })
  return { messages: [picture(PIXEL), { role: "assistant", content: "I see." }, picture(OTHER_PIXEL)] }
}

/** Pictures that differ: what follows the end of a PNG is no part of it. */
function pngOf(index: number): string {
  const bytes = Buffer.concat([Buffer.from(bytesOf(PIXEL), "base64"), Buffer.from([index])])
  return `data:image/png;base64,${bytes.toString("base64")}`
}

function bytesOf(url: string): string {
  return url.slice(url.indexOf(",") + 1)
}

/** As the service: names the first tool whose name begins so, by its place in the list that was sent. */
function refuseTools(harness: Harness, prefix: string): void {
  const place = (request: ReceivedRequest): number =>
    toolNamesIn(request.text).findIndex((name) => name.startsWith(prefix))
  harness.fake.intercept(
    (request) => request.operation === "GenerateAssistantResponse" && place(request) >= 0,
    (request) => inWords(`tools.${place(request)}.custom.input_schema: ${UNION_AT_ROOT}`),
  )
}

function toolsSent(harness: Harness): readonly (readonly string[])[] {
  return harness.fake.received("GenerateAssistantResponse").map(({ text }) => toolNamesIn(text))
}

function counts({ fake }: Harness, part: "documents" | "images"): number[] {
  return fake.chats.map(({ text }) => text.split(`"${part}":[`).length - 1)
}

function sends({ fake }: Harness): number {
  return fake.received("GenerateAssistantResponse").length
}

async function refusedFields({ gateway, store }: Harness): Promise<string[]> {
  await gateway.close()
  return (await store.opening("ses_1")).refusedFields.map(({ field }) => field)
}
