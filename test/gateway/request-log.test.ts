import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import type { JsonObject } from "../../src/json.ts"
import { openLog, type Settings } from "../../src/settings/index.ts"
import { exception, FAILURES, finish, silence, text, toolUse } from "../support/fake-kiro/index.ts"
import { secretsIn } from "../support/secrets.ts"
import { hear, startHarness } from "./harness.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const folder = temporaryFolder()

const QUESTION = "how deep is the lake"
const TOOL = { type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }

interface Logged {
  readonly text: string
  readonly entries: readonly JsonObject[]
}

/** One refused attempt and one answer with a tool call, and what the log says of them. */
async function logged(name: string, settings: Partial<Settings>): Promise<Logged> {
  const path = join(folder, name)
  const log = openLog({ path, level: "info", clock: { now: () => Date.now() } })
  await using harness = await startHarness({ accounts: ["first"], settings, log })
  harness.fake.fail(FAILURES.internalError)
  harness.fake.answer(text("Very deep."), toolUse({ name: "look", input: {} }), finish({ credits: 0.25 }))
  const messages = [
    { role: "system", content: "You are brief." },
    { role: "user", content: QUESTION },
  ]
  await (await harness.ask({ messages, tools: [TOOL] })).text()
  if (!existsSync(path)) return { text: "", entries: [] }
  const written = readFileSync(path, "utf8")
  const entries = written
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonObject)
  return { text: written, entries }
}

describe("the detailed log of requests", () => {
  it("is not written unless asked for", async () => {
    const { entries } = await logged("off.log", {})
    assert.deepEqual(
      entries.filter(({ message }) => /Kiro/.test(String(message))),
      [],
    )
  })

  it("shows each request and the end of its answer, without a token and without a word of the talk", async () => {
    const { text: written, entries } = await logged("on.log", { enableLogApiRequest: true })
    assert.deepEqual(
      entries.map(({ message }) => message),
      ["request to Kiro", "chat attempt failed", "request to Kiro", "answer from Kiro"],
    )
    const [request, , , answer] = entries
    assert.match(String(request?.["url"]), /generateAssistantResponse/i)
    assert.ok(Number(request?.["bytes"]) > 100)
    assert.match(JSON.stringify(request?.["shape"]), /"messages":1,/)
    assert.match(JSON.stringify(request?.["shape"]), /"tools":\[\{"name":"look"/)
    assert.match(JSON.stringify(request?.["headers"]), new RegExp(String(answer?.["invocationId"])))
    const { ended, credits, completedCalls, account, tookMs } = answer ?? {}
    assert.ok(Number(tookMs) < 60_000)
    assert.deepEqual(
      { ended, credits, completedCalls, account },
      { ended: "tool_calls", credits: 0.25, completedCalls: 1, account: "first" },
    )
    assert.deepEqual(secretsIn(written), [])
    for (const word of [QUESTION, "Very deep", "You are brief", "Bearer"])
      assert.ok(!written.includes(word), word)
  })

  it("shows of a long conversation the form of its latest messages", async () => {
    const path = join(folder, "long.log")
    const log = openLog({ path, level: "info", clock: { now: () => Date.now() } })
    await using harness = await startHarness({
      accounts: ["first"],
      settings: { enableLogApiRequest: true },
      log,
    })
    const before = Array.from({ length: 60 }, () => [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Yes?" },
    ])
    await (await harness.ask({ messages: [...before.flat(), { role: "user", content: QUESTION }] })).text()
    const [line = ""] = readFileSync(path, "utf8").split("\n")
    const { shape } = JSON.parse(line) as { shape: { messages: number; latest: { characters: number }[] } }
    assert.deepEqual([shape.messages, shape.latest.length], [121, 100])
    assert.equal(shape.latest.at(-1)?.characters, QUESTION.length)
  })

  it("shows, also where it is not asked for, at which host an attempt failed, and the form that was refused", async () => {
    const path = join(folder, "refused.log")
    const log = openLog({ path, level: "info", clock: { now: () => Date.now() } })
    await using harness = await startHarness({ accounts: ["first"], log })
    harness.fake.fail(FAILURES.internalError)
    harness.fake.fail(FAILURES.improperlyFormed)
    await harness.ask()
    const failed = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as JsonObject)
    assert.deepEqual(
      failed.map(({ message, host, shape }) => [message, host, shape !== undefined]),
      [
        ["chat attempt failed", "q.us-east-1.amazonaws.com", false],
        ["chat attempt failed", "q.us-east-1.amazonaws.com", true],
      ],
    )
  })

  it("tells an answer that failed from one that the host did not listen to", async () => {
    const path = join(folder, "ends.log")
    const log = openLog({ path, level: "info", clock: { now: () => Date.now() } })
    const settings = { enableLogApiRequest: true }
    await using harness = await startHarness({ accounts: ["first"], settings, log })
    harness.fake.answer(text("Very "), exception("internalServerException", { message: "boom" }))
    await hear(await harness.ask())
    harness.fake.answer(text("Very "), silence)
    const left = (await harness.ask()).body?.getReader()
    await left?.read()
    await left?.cancel()
    await harness.gateway.close()
    const ends = readFileSync(path, "utf8").matchAll(/"ended":"([^"]+)"/g)
    assert.deepEqual(
      [...ends].map(([, ended]) => ended),
      ["failed", "not listened to"],
    )
  })

  it("shows the conversation too where that is asked for as well, and still no token", async () => {
    const { text: written } = await logged("prompts.log", { enableLogApiRequest: true, logPrompts: true })
    assert.ok(written.includes(QUESTION) && written.includes("You are brief"))
    assert.deepEqual(secretsIn(written), [])
  })
})
