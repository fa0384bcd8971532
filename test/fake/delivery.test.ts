import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { request as httpRequest } from "node:http"
import { after, before, describe, it } from "node:test"
import {
  brokenChecksum,
  bytes,
  contextUsage,
  event,
  eventFrame,
  exceptionFrame,
  FAILURES,
  inPieces,
  metadata,
  metering,
  reasoning,
  redactedReasoning,
  reset,
  resetBeforeHeaders,
  silence,
  startFakeKiro,
  stream,
  streamError,
  text,
  toolUse,
  truncated,
  waitFor,
  type FakeAccount,
  type FakeKiro,
} from "../support/fake-kiro/index.ts"
import { OLD_BUN } from "../support/old-bun.ts"
import { assistant, plain, user } from "./known-good.ts"
import { chatBody, postChat } from "./requests.ts"
import { eventually } from "../support/clock.ts"

describe("the encoder of the fake", () => {
  it("writes the known text message byte for byte", () => {
    assert.equal(
      hex(eventFrame("assistantResponseEvent", { content: "Hi" })),
      "0000007c0000005c3bddcf780b3a6576656e742d74797065070016617373697374616e74526573706f6e73654576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74223a224869227db02babdc",
    )
  })

  it("writes the known exception message byte for byte", () => {
    assert.equal(
      hex(exceptionFrame("internalServerException", { message: "boom" })),
      "00000087000000655b3c263c0f3a657863657074696f6e2d74797065070017696e7465726e616c536572766572457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22626f6f6d227d24f17d3d",
    )
  })

  it("writes the known whole answer of fourteen messages byte for byte", () => {
    const readFile = { name: "read_file", toolUseId: "tooluse_A1" }
    const reply = stream(
      event("messageMetadataEvent", {
        conversationId: "c0ffee00-1111-4222-8333-444455556666",
        utteranceId: "7b0e3c1e-5d53-4b52-9c57-0d1f8b9a1c22",
      }),
      event("reasoningContentEvent", { text: "I need both files." }),
      event("reasoningContentEvent", { signature: "EqQBCkYIBxgCKkA=" }),
      text("I'll read ", "both files."),
      event("toolUseEvent", readFile),
      event("toolUseEvent", { input: '{"path": "src', ...readFile }),
      event("toolUseEvent", { input: '/a.ts"}', ...readFile }),
      event("toolUseEvent", { name: "read_file", stop: true, toolUseId: "tooluse_A1" }),
      event("toolUseEvent", { name: "list_dir", toolUseId: "tooluse_B2" }),
      event("toolUseEvent", { name: "list_dir", stop: true, toolUseId: "tooluse_B2" }),
      metadata({ stopReason: "TOOL_USE" }),
      contextUsage(10.867),
      metering(0.0897),
    )
    const sent = reply.steps.flatMap((step) => (step.do === "send" ? [step.bytes] : []))
    const whole = Buffer.concat(sent)
    assert.equal(whole.length, 2096)
    assert.equal(
      createHash("sha256").update(whole).digest("hex"),
      "ba1cf5d34eecdb32774ff72ac27bcb3e2f2cd9f8ac5dd610a87a4ed5be3213c4",
    )
  })
})

describe("the fake's answers", () => {
  let fake: FakeKiro
  let account: FakeAccount
  before(async () => {
    fake = await startFakeKiro()
    account = fake.account()
  })
  after(() => fake.close())

  it("come from the queue in order, then from the standing answer", async () => {
    fake.answer(text("first"))
    fake.fail(FAILURES.throttled)
    assert.match(await (await postChat(fake, account)).text(), /"content":"first"/)
    assert.equal((await postChat(fake, account)).status, 429)
    assert.match(await (await postChat(fake, account)).text(), /Hello from /)
  })

  it("can be a function of the request", async () => {
    fake.script((request) => stream(text(`path ${request.path}`)))
    assert.match(await (await postChat(fake, account)).text(), /path \/generateAssistantResponse/)
  })

  it("of one account come before those of the fake", async () => {
    const other = fake.account()
    fake.answer(text("for anybody"))
    other.answer(text("for the other"))
    assert.match(await (await postChat(fake, other)).text(), /for the other/)
    assert.match(await (await postChat(fake, account)).text(), /for anybody/)
  })

  it("leave a title alone: it uses up nothing", async () => {
    fake.answer(text("the turn"))
    const title = chatBody({ content: "Generate a title for this conversation:\n\nhello" })
    assert.match(await (await postChat(fake, account, title)).text(), /A short title/)
    assert.match(await (await postChat(fake, account)).text(), /the turn/)
  })

  it("arrive whole when they are sent byte by byte", async () => {
    fake.answer(inPieces(1), text("grüße", "🙂"), toolUse({ name: "read", input: { path: "ü" } }))
    const body = new Uint8Array(await (await postChat(fake, account)).arrayBuffer())
    assert.ok(body.length > 300)
    assert.match(new TextDecoder().decode(body), /grüße.*🙂.*"stop":true/s)
  })

  it("can end inside a message", async () => {
    const whole = eventFrame("assistantResponseEvent", { content: "Hi" })
    fake.answer(truncated(text("Hi"), 7))
    assert.equal((await (await postChat(fake, account)).arrayBuffer()).byteLength, whole.length - 7)
  })

  it("can be bytes that are no message at all", async () => {
    fake.answer(bytes(new Uint8Array([1, 2, 3])))
    assert.equal((await (await postChat(fake, account)).arrayBuffer()).byteLength, 3)
  })

  it("can be a connection that is cut before the headers", async () => {
    fake.script(resetBeforeHeaders)
    await assert.rejects(postChat(fake, account))
  })

  it(
    "can be a connection that is cut after the headers, or after some events",
    { skip: OLD_BUN },
    async () => {
      fake.answer(reset)
      const bare = await postChat(fake, account)
      assert.equal(bare.status, 200)
      await assert.rejects(bare.text())
      fake.answer(text("some"), reset)
      await assert.rejects((await postChat(fake, account)).text())
    },
  )

  it("can fall silent until the client hangs up, which is written down", { skip: OLD_BUN }, async () => {
    fake.answer(text("some"), silence)
    const abort = new AbortController()
    const response = await postChat(fake, account, chatBody(), { signal: abort.signal })
    const reader = response.body?.getReader()
    assert.equal((await reader?.read())?.done, false)
    abort.abort()
    assert.equal(await fake.chats.at(-1)?.ended, "aborted")
  })

  it("can wait for the test, break a checksum and end in an error", async () => {
    const gate = Promise.withResolvers<void>()
    fake.answer(
      text("first"),
      waitFor(gate.promise),
      brokenChecksum(text("second")),
      streamError("500", "boom"),
    )
    const response = await postChat(fake, account)
    const reader = response.body?.getReader()
    assert.match(decode((await reader?.read())?.value), /first/)
    gate.resolve()
    const rest: Uint8Array[] = []
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) rest.push(part.value)
    const [broken, whole] = [Buffer.concat(rest), eventFrame("assistantResponseEvent", { content: "second" })]
    assert.notDeepEqual(broken.subarray(0, whole.length), Buffer.from(whole))
    assert.match(decode(broken), /"second".*:error-code/s)
  })

  it("are logged with host, path, headers and body", async () => {
    await (await postChat(fake, account, chatBody({ content: "look" }))).text()
    const request = fake.chats.at(-1)
    assert.equal(request?.method, "POST")
    assert.equal(request.path, "/generateAssistantResponse")
    assert.equal(request.host, new URL(fake.url).host)
    assert.equal(request.account, account)
    assert.match(request.text, /"look"/)
    assert.equal(await request.ended, "answered")
  })

  it("know the host that the client meant", async () => {
    const headers = { "x-kiro-original-host": "q.us-east-1.amazonaws.com" }
    await (await postChat(fake, account, chatBody(), { headers })).text()
    assert.equal(fake.chats.at(-1)?.host, "q.us-east-1.amazonaws.com")
  })

  it("can be stopped while a request hangs", { skip: OLD_BUN }, async () => {
    const second = await startFakeKiro()
    second.answer(silence)
    const pending = postChat(second, second.account()).then((response) => response.text())
    const settled = pending.then(
      () => "answered",
      () => "cut",
    )
    await eventually(() => second.requests.length > 0)
    await second.close()
    assert.equal(await settled, "cut")
    await assert.rejects(
      new Promise((resolve, reject) => httpRequest(second.url, resolve).on("error", reject).end()),
    )
  })
})

describe("the fake's memory of reasoning", () => {
  it("takes back, byte for byte and for the same model, what it sent, and refuses the rest", async () => {
    await using fake = await startFakeKiro()
    const account = fake.account()
    const modelId = "claude-opus-4.6"
    fake.answer(reasoning({ text: ["I ", "see."], signature: "c2ln" }), text("a"))
    fake.answer(redactedReasoning("LktUUn5+"), text("b"))
    for (const content of ["one", "two"])
      await (await postChat(fake, account, chatBody({ content, modelId }))).text()
    const status = async (reasoningContent: object, current = modelId): Promise<number> => {
      const body = plain()
      const turn = assistant("a", { reasoningContent })
      body.conversationState.history = [user("q", { modelId: current }), turn]
      body.conversationState.currentMessage = user("next", { modelId: current })
      return (await postChat(fake, account, body)).status
    }
    assert.equal(await status({ reasoningText: { text: "I see.", signature: "c2ln" } }), 200)
    assert.equal(await status({ reasoningText: { text: "I see", signature: "c2ln" } }), 400)
    assert.equal(await status({ reasoningText: { text: "I see.", signature: "c2ln" } }, "claude-opus-5"), 400)
    assert.equal(await status({ redactedContent: "LktUUn5+" }), 200)
    assert.equal(await status({ redactedContent: "LktUUn4+" }), 400)
  })
})

const decode = (data: Uint8Array | undefined): string => new TextDecoder().decode(data)
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex")
