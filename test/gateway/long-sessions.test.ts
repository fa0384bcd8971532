import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { isObject } from "../../src/json.ts"
import { roundsOf } from "../fuzz/runs.ts"
import { promptTokens } from "../support/fake-kiro/check/index.ts"
import { FAILURES, finish, type ReceivedRequest, stream, text } from "../support/fake-kiro/index.ts"
import { keptOf, simulateSession } from "../translate/support/sessions.ts"
import { type Harness, hear, startHarness } from "./harness.ts"

const WINDOW = 200_000
const LANGUAGES = {
  English: { word: "The quick brown fox jumps over it. ", tokens: 0.25 },
  Chinese: { word: "敏捷的棕色狐狸跳过了懒狗。", tokens: 1 },
  Japanese: { word: "素早い茶色の狐が犬を飛び越える。", tokens: 1 },
  Korean: { word: "빠른 갈색 여우가 개를 뛰어넘는다. ", tokens: 0.8 },
  code: { word: "const größe = read(path) ?? 0\n", tokens: 0.25 },
  mixed: { word: "// 注释 the name of 変数 is x\n", tokens: 0.4 },
}

/** How many windows a session would fill. Node takes one of three. */
const WINDOWS = [2.6, 1, 5].slice(0, roundsOf(3))

/** So many windows of results in as many steps of one loop as hold them, then the last words. */
function longSession(word: string, characters: number): object[] {
  const steps = 40
  const messages: object[] = [
    { role: "system", content: "You are terse." },
    { role: "user", content: "The first task" },
  ]
  for (let step = 0; step < steps; step += 1) {
    const text = word.repeat(Math.ceil(characters / steps / word.length))
    const called = { id: `c${step}`, type: "function", function: { name: "read", arguments: "{}" } }
    messages.push(
      { role: "assistant", content: "", tool_calls: [called] },
      { role: "tool", tool_call_id: `c${step}`, content: text },
    )
  }
  return [...messages, { role: "assistant", content: "Done." }, { role: "user", content: "The last words" }]
}

const tools = [{ type: "function", function: { name: "read", description: "Reads", parameters: {} } }]

interface Sent {
  readonly history: object[]
  readonly currentMessage: { readonly userInputMessage: { readonly content: string } }
}

function lastSent({ fake }: Harness): Sent {
  const body = fake.chats.at(-1)?.body as { readonly conversationState: Sent } | undefined
  return body?.conversationState ?? assert.fail("nothing was sent")
}

describe("a session of several windows", () => {
  for (const [language, { word, tokens }] of Object.entries(LANGUAGES))
    it(`is answered, with its first task and its last words: ${language}`, async () => {
      await using harness = await startHarness({ accounts: ["work"] })
      for (const windows of WINDOWS)
        for (const purpose of ["main", "compaction"] as const) {
          const messages = longSession(word, (windows * WINDOW) / tokens)
          const body = purpose === "main" ? { messages, tools } : { messages }
          const session = `ses_${windows}_${purpose}`
          const before = harness.fake.received("GenerateAssistantResponse").length
          const heard = await hear(await harness.ask(body, { session, purpose }))
          assert.equal(heard.finishReason, "stop", `${windows} windows of ${language}, ${purpose}`)
          const sends = harness.fake.received("GenerateAssistantResponse").length - before
          assert.ok(sends <= 4, String(sends))
          const said = JSON.stringify(lastSent(harness))
          for (const kept of ["You are terse.", "The first task", "The last words"])
            assert.ok(said.includes(kept))
        }
    })

  it("keeps its history from request to request once it is shortened, until a block is full", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    const session = simulateSession({ seed: 7, steps: 36, resultCharacters: 90_000, thinks: false })
    let before = ""
    let moves = 0
    let shortened = 0
    for (const { body } of session) {
      account.script(({ body: asked }) => {
        const percentage = (100 * promptTokens(asked as Parameters<typeof promptTokens>[0])) / WINDOW
        return stream(text("Done."), finish({ percentage }))
      })
      const heard = await hear(await harness.ask(body))
      assert.equal(heard.finishReason, "stop")
      const { history } = lastSent(harness)
      const written = JSON.stringify(history).slice(1, -1)
      if (written.includes("left out to fit the context window")) shortened += 1
      if (keptOf(before, written) < before.length) moves += 1
      before = written
    }
    assert.ok(shortened > 15 && moves <= 6, `${moves} of ${shortened}`)
  })

  it("keeps it also where its texts cost now more and now less than was learnt of them", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const texts = { cheap: "The quick brown fox jumps over it. ", dear: "สุนัขจิ้งจอกสีน้ำตาลกระโดด" }
    const tokensOf = (value: unknown): number => {
      if (typeof value === "string") return value.length * (value.includes("สุนัข") ? 0.8 : 0.25)
      return isObject(value) || Array.isArray(value)
        ? Object.values(value).reduce((sum: number, each) => sum + tokensOf(each), 0)
        : 0
    }
    const isTooLong = ({ operation, body }: ReceivedRequest): boolean =>
      operation === "GenerateAssistantResponse" && tokensOf(body) > WINDOW
    harness.fake.when(isTooLong, FAILURES.inputTooLong)
    const messages: object[] = [{ role: "user", content: "The first task" }]
    let before = ""
    let [grown, moves] = [0, 0]
    for (let step = 0; step < 45; step += 1) {
      harness.fake.script(({ body }) =>
        stream(text("Done."), finish({ percentage: (100 * tokensOf(body)) / WINDOW })),
      )
      assert.equal((await hear(await harness.ask({ messages, tools }))).finishReason, "stop")
      const written = JSON.stringify(lastSent(harness).history).slice(1, -1)
      if (keptOf(before, written) < before.length) moves += 1
      before = written
      const word = ((step * step) % 23) % 2 === 0 ? texts.dear : texts.cheap
      const tokens = 4_000 + ((step * 7_919) % 16_000)
      grown += tokens
      const called = { id: `c${step}`, type: "function", function: { name: "read", arguments: "{}" } }
      messages.push(
        { role: "assistant", content: "", tool_calls: [called] },
        { role: "tool", tool_call_id: `c${step}`, content: word.repeat(tokens / tokensOf(word)) },
      )
    }
    // A quarter of what there is room for goes at once.
    assert.ok(moves <= 2 + (grown - WINDOW) / 35_000, `${moves} in ${grown}`)
  })

  it("keeps it also where it was refused far below its window, by how long it is", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const session = simulateSession({ seed: 7, steps: 80, resultCharacters: 12_000, thinks: false })
    const isTooLong = ({ operation, text }: ReceivedRequest): boolean =>
      operation === "GenerateAssistantResponse" && text.length > 200_000
    harness.fake.when(isTooLong, {
      kind: "document",
      status: 413,
      headers: { "content-type": "text/html" },
      body: "<title>413 Request Entity Too Large</title>",
    })
    let before = ""
    let moves = 0
    let shortened = 0
    for (const { body } of session) {
      const heard = await hear(await harness.ask({ model: "claude-opus-4-6", ...body }))
      assert.equal(heard.finishReason, "stop")
      const written = JSON.stringify(lastSent(harness).history).slice(1, -1)
      if (written.includes("left out to fit the context window")) shortened += 1
      if (keptOf(before, written) < before.length) moves += 1
      before = written
    }
    assert.ok(shortened > 30 && moves <= 10, `${moves} of ${shortened}`)
  })
})
