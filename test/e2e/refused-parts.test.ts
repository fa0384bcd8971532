import assert from "node:assert/strict"
import { resolve } from "node:path"
import { describe, it } from "node:test"
import { failure, FAILURES, finish, type ReceivedRequest, text, toolUse } from "../support/fake-kiro/index.ts"
import type { PromptOptions, Turn } from "../support/opencode/index.ts"
import { openServerStage, stageForTests } from "./setup.ts"
import { PNG } from "../support/pixel.ts"

type File = NonNullable<PromptOptions["files"]>[number]

const dot: File = { mime: "image/png", filename: "dot.png", url: `data:image/png;base64,${PNG}` }
const CHAPTER = "All work and no play makes a dull chapter. ".repeat(2_000)
/** Over two chapters, under three. */
const PROXY_LIMIT = 240_000
const NGINX_413 = failure({
  status: 413,
  headers: { "content-type": "text/html" },
  body: [
    "<html>",
    "<head><title>413 Request Entity Too Large</title></head>",
    "<body>",
    "<center><h1>413 Request Entity Too Large</h1></center>",
    "<hr><center>nginx/1.24.0</center>",
    "</body>",
    "</html>",
    "",
  ].join("\r\n"),
})
const NOT_PROCESSED = failure({
  status: 400,
  type: "ValidationException",
  message: "Could not process image",
})

const NOTION = { type: "local", command: [process.execPath, resolve("test/e2e/notion-tools-process.ts")] }

/** What once broke a session for good, each with the number of requests that the service saw. */
describe("a part of a request that the service refuses, in OpenCode", () => {
  const lab = stageForTests(() => openServerStage({ project: { mcp: { notion: NOTION } } }))

  async function answered(session: string, words: string, options: PromptOptions = {}): Promise<Turn> {
    const turn = await lab.stage.server.prompt(session, words, options)
    assert.equal(turn.info["error"], undefined)
    assert.equal(turn.info["finish"], "stop")
    return turn
  }

  it("is not the tool of an MCP server with a union at the root of its schema", async () => {
    const { fake, server } = lab.stage
    await answered(await server.newSession(), "hello")
    const sent = fake.chats[0]?.text ?? ""
    for (const tool of ["notion_post_page", "notion_query_data"]) assert.ok(sent.includes(`"name":"${tool}"`))
    for (const property of ["parent_page", "parent_database", "view_url"])
      assert.ok(sent.includes(`"${property}":{`), property)
    lab.late.settled(1)
  })

  it("is not the sixth document of a session: the oldest make room", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    for (let number = 1; number <= 6; number++) {
      await answered(session, `What is in plan ${number}?`, { files: [pdf(number)] })
      assert.ok(fake.chats.at(-1)?.text.includes(bytesOf(pdf(number))), `plan ${number}`)
    }
    assert.deepEqual(fake.chats.map(documents), [1, 2, 3, 4, 5, 4])
    lab.late.settled(6)
  })

  it("for what the first message brought along is left out, and the session lives on", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    fake.when((request) => documents(request) > 1, FAILURES.inputTooLong)
    const files = [1, 2, 3].map((number) => pdf(number, 2_000_000))
    await answered(session, "What is in these plans?", { files })
    await answered(session, "And now?")
    // Behind the third comes the host's summary, and what it goes on with.
    assert.deepEqual(
      fake.chats.map((chat) => [chat.status, documents(chat)]),
      [
        [400, 3],
        [400, 2],
        [200, 1],
        [200, 0],
        [200, 0],
        [200, 0],
      ],
    )
    lab.late.settled(6)
  })

  it("by a page that says 413 has the conversation shortened, then compacted, and lives on", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    fake.when((request) => request.text.length > PROXY_LIMIT, NGINX_413)
    for (let chapter = 1; chapter <= 3; chapter++) await answered(session, `${chapter}: ${CHAPTER}`)
    const [first, second, ...third] = fake.chats
    assert.deepEqual([first?.status, second?.status], [200, 200])
    const [whole, shortened, summary, cutSummary, goesOn] = third
    assert.deepEqual([whole?.status, shortened?.status], [413, 200])
    assert.ok(shortened?.text.includes(`3: ${CHAPTER.trim()}`))
    assert.deepEqual([summary?.status, cutSummary?.status, goesOn?.status], [413, 200, 200])
    assert.equal(third.length, 5)
    await answered(session, "And now?")
    lab.late.settled(8)
  })

  it("is nothing where the model has no word to add to a tool's result", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    const call = { name: "bash", input: { command: "true", description: "Do nothing" } }
    fake.answer(text("I do it."), toolUse(call), finish({ stopReason: "TOOL_USE" }))
    fake.answer(finish())
    await answered(session, "Do it.")
    await server.idle()
    assert.equal(fake.chats.length, 2)
    await answered(session, "And now?")
    lab.late.settled(3)
  })

  it("in words only is left out, and not sent again", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    fake.fail(NOT_PROCESSED)
    await answered(session, "What is this?", { files: [dot] })
    assert.deepEqual(fake.chats.map(showsDot), [true, false])
    await answered(session, "And now?")
    assert.deepEqual(fake.chats.map(showsDot), [true, false, false])
    lab.late.settled(3)
  })
})

function pdf(number: number, padding = 0): File {
  const lines = ["%PDF-1.4", "1 0 obj", `<< /Title (Plan ${number}) >>`, "endobj", "trailer", "%%EOF", ""]
  const data = Buffer.concat([Buffer.from(lines.join("\n")), Buffer.alloc(padding)])
  const url = `data:application/pdf;base64,${data.toString("base64")}`
  return { mime: "application/pdf", filename: `plan ${number}.pdf`, url }
}

function bytesOf({ url }: File): string {
  return url.slice(url.indexOf(",") + 1)
}

function documents({ text: body }: ReceivedRequest): number {
  return body.split('"format":"pdf"').length - 1
}

function showsDot({ text: body }: ReceivedRequest): boolean {
  return body.includes(PNG)
}
