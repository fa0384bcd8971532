import assert from "node:assert/strict"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, it } from "node:test"
import { finish, text, toolUse } from "../support/fake-kiro/index.ts"
import { openServerStage, sharedServerStage } from "./setup.ts"

const TOOL = "kiro_web_search"

describe("web search through Kiro in OpenCode", () => {
  it("is a tool of the sessions of our models alone, where the settings ask for it", async () => {
    await using other = await startOtherProvider()
    const models = { model: { name: "Model", limit: { context: 100_000, output: 1000 } } }
    const options = { baseURL: other.url, apiKey: "x" }
    const { fake, server } = await openServerStage({
      settings: { web_search: true },
      project: { provider: { other: { npm: "@ai-sdk/openai-compatible", options, models } } },
    })
    fake.answer(
      toolUse({ name: TOOL, input: { query: "event streams" } }),
      finish({ stopReason: "TOOL_USE" }),
    )
    fake.answer(text("It is there."), finish())
    const turn = await server.prompt(await server.newSession(), "search")
    assert.match(JSON.stringify(turn.parts), /It is there/)
    const [search, ...more] = fake.received("InvokeMCP")
    assert.equal(more.length, 0)
    assert.match(JSON.stringify(search?.body), /event streams/)
    const answered = fake.chats.at(-1)
    assert.match(JSON.stringify(answered?.body), /https:\/\/e\.example/)
    const elsewhere = await server.newSession()
    await server.post(`/session/${elsewhere}/message`, {
      model: { providerID: "other", modelID: "model" },
      parts: [{ type: "text", text: "hello" }],
    })
    assert.ok(other.bodies.some((body) => body.includes('"webfetch"')))
    assert.ok(!other.bodies.some((body) => body.includes(TOOL)))
  })

  it("is not there unless it is asked for", async () => {
    const { fake, server } = await sharedServerStage()
    fake.forget()
    fake.answer(text("Hello."), finish())
    await server.prompt(await server.newSession(), "hello")
    const asked = JSON.stringify(fake.chats.map(({ body }) => body))
    assert.ok(asked.includes('"webfetch"') && !asked.includes(TOOL))
  })
})

/** A provider that is not ours, which keeps what it is asked. */
async function startOtherProvider(): Promise<
  AsyncDisposable & { readonly url: string; readonly bodies: string[] }
> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (part: string) => (body += part))
    request.once("end", () => {
      bodies.push(body)
      response.writeHead(200, { "content-type": "text/event-stream" })
      const choice = (delta: object, reason: string | null): string =>
        `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
      response.end(`${choice({ content: "Hello" }, null)}${choice({}, "stop")}data: [DONE]\n\n`)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
