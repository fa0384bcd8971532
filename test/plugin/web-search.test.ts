import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { SearchOutcome, WebSearch } from "../../src/gateway/index.ts"
import { webSearchHooks } from "../../src/plugin/web-search.ts"

const TOOL = "kiro_web_search"

async function run(
  outcome: SearchOutcome,
  call: object = { query: "words" },
): Promise<{ readonly output: string; readonly asked: WebSearch[] }> {
  const asked: WebSearch[] = []
  const { tool } = webSearchHooks(async (search) => {
    asked.push(search)
    return outcome
  })
  const permissions: object[] = []
  const context = {
    sessionID: "ses_1",
    messageID: "msg_1",
    agent: "build",
    directory: "/code",
    worktree: "/code",
    abort: new AbortController().signal,
    metadata: () => undefined,
    ask: async (question: object) => void permissions.push(question),
  }
  const result = await tool[TOOL]?.execute(call as never, context)
  assert.equal(permissions.length, 1)
  return { output: typeof result === "string" ? result : (result?.output ?? ""), asked }
}

describe("the tool for web search", () => {
  it("asks for permission and answers with title, address, date and excerpt", async () => {
    const pages = [
      { title: "T", url: "https://t.example", excerpt: "s", publishedOn: "2026-01-02" },
      { title: "U", url: "https://u.example", excerpt: "" },
    ]
    const { output, asked } = await run({ outcome: "found", pages, accountId: "a" })
    assert.equal(output, "1. T\nhttps://t.example\n2026-01-02\ns\n\n2. U\nhttps://u.example")
    assert.deepEqual([asked[0]?.query, asked[0]?.sessionId], ["words", "ses_1"])
  })

  it("tells the model in words what went wrong, and that nothing was found", async () => {
    assert.equal((await run({ outcome: "refused", message: "No." })).output, "No.")
    assert.match((await run({ outcome: "found", pages: [], accountId: "a" })).output, /Nothing/)
  })

  it("makes no words of a call that has none: the host gives on whatever the model wrote", async () => {
    for (const call of [{}, { query: null }, { query: 5 }, { words: "words" }]) {
      const { asked } = await run({ outcome: "refused", message: "No." }, call)
      assert.deepEqual(
        asked.map(({ query: words }) => words),
        [""],
      )
    }
  })

  it("is switched off in a message to another provider's model", async () => {
    const hooks = webSearchHooks(async () => ({ outcome: "refused", message: "" }))
    const toolsFor = async (providerID: string): Promise<unknown> => {
      const message = { model: { providerID, modelID: "m" }, tools: { bash: true } }
      await hooks["chat.message"]({ sessionID: "s" }, { message: message as never, parts: [] })
      return message.tools
    }
    assert.deepEqual(await toolsFor("kiro"), { bash: true })
    assert.deepEqual(await toolsFor("other"), { bash: true, [TOOL]: false })
  })
})
