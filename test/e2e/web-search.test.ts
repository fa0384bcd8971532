import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { finish, text, toolUse } from "../support/fake-kiro/index.ts"
import { openServerStage, sharedServerStage } from "./setup.ts"
import { startOtherProvider } from "./other-provider.ts"

const TOOL = "kiro_web_search"

describe("web search through Kiro in OpenCode", () => {
  it("is a tool of the sessions of our models alone, where the settings ask for it", async () => {
    await using other = await startOtherProvider()
    const { fake, server } = await openServerStage({
      settings: { web_search: true },
      project: { provider: other.provider },
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
