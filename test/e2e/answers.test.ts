import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, it } from "node:test"
import {
  brokenChecksum,
  finish,
  metadata,
  pause,
  reasoning,
  reset,
  silence,
  text,
  toolUse,
  truncated,
} from "../support/fake-kiro/index.ts"
import type { HostEvent } from "../support/opencode/index.ts"
import { sharedServerStage, stageForTests } from "./setup.ts"
import { OLD_BUN } from "../support/old-bun.ts"

const OPUS = { model: "claude-opus-4-6", variant: "high" }

describe("an answer in OpenCode", () => {
  const lab = stageForTests(sharedServerStage)

  it("shows reasoning apart from the text, gives it back in the tool loop, and counts what the service counted", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    const signed = { text: ["I look ", "into the folder."], signature: "EqQBCkYIBxgCKkA=" }
    fake.answer(
      reasoning(signed),
      toolUse({ name: "bash", input: { command: "ls", description: "List" } }),
      finish({ stopReason: "TOOL_USE" }),
    )
    const tokenUsage = {
      uncachedInputTokens: 1000,
      cacheReadInputTokens: 200,
      cacheWriteInputTokens: 34,
      outputTokens: 56,
      totalTokens: 1290,
    }
    fake.answer(text("Nothing there."), metadata({ stopReason: "END_TURN", tokenUsage }))
    const turn = await server.prompt(session, "look", OPUS)
    assert.deepEqual(fake.refused, [])
    const reasoningParts = await partsOf(server.get(`/session/${session}/message`), "reasoning")
    assert.deepEqual(reasoningParts, ["I look into the folder."])
    assert.deepEqual(
      turn.parts.filter(({ type }) => type === "text").map((part) => part["text"]),
      ["Nothing there."],
    )
    const tokens = turn.info["tokens"] as { input: number; output: number; cache: { read: number } }
    assert.deepEqual([tokens.input + tokens.cache.read, tokens.cache.read, tokens.output], [1234, 200, 56])
    assert.match(
      fake.chats[1]?.text ?? "",
      /"reasoningContent":\{"reasoningText":\{"text":"I look into the folder\."/,
    )
  })

  it("is closed upstream at once when the user stops it", { skip: OLD_BUN }, async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    fake.answer(text("I begin and"), silence)
    await server.promptAsync(session, "tell me a story")
    await server.event((event) => isOf(session, event) && event.type === "message.part.delta")
    await server.post(`/session/${session}/abort`)
    const [chat] = fake.chats
    assert.equal(await Promise.race([chat?.ended, sleep(2000, "still open")]), "aborted")
    await server.event((event) => isOf(session, event) && event.type === "session.idle")
    fake.answer(text("Again."), finish())
    const again = await server.prompt(session, "go on")
    assert.equal(again.info["finish"], "stop")
    assert.deepEqual(fake.refused, [])
  })

  const ENDS = [
    { name: "is cut inside a message", steps: [text("half"), truncated(text(" an answer"))] },
    { name: "loses its connection", steps: [text("half"), pause(20), reset] },
  ]
  for (const { name, steps } of ENDS)
    it(`that ${name} is asked for again, a bounded number of times, and never twice in one message`, async () => {
      const { fake, server } = lab.stage
      const session = await server.newSession()
      fake.answer(...steps)
      fake.answer(text("The whole answer."), finish())
      const turn = await server.prompt(session, "hello")
      assert.equal(turn.info["finish"], "stop")
      const shown = turn.parts.filter(({ type }) => type === "text").map((part) => String(part["text"]))
      assert.equal(shown.filter((part) => part.includes("The whole answer.")).length, 1)
      assert.equal(fake.chats.length, 2)
    })

  const FATAL = [
    { name: "has a wrong checksum", steps: [text("half"), brokenChecksum(text(" an answer"))] },
    {
      name: "ends inside a tool call",
      steps: [text("half"), toolUse({ name: "bash", input: { command: "touch ran" }, stop: false })],
    },
  ]
  for (const { name, steps } of FATAL)
    it(`that ${name} is an error, and OpenCode does not ask again`, async () => {
      const { fake, server } = lab.stage
      const session = await server.newSession()
      fake.answer(...steps)
      const turn = await server.prompt(session, "hello")
      assert.notEqual(turn.info["error"], undefined)
      lab.late.settled(1)
    })
})

const isOf = (session: string, { properties }: HostEvent): boolean => properties["sessionID"] === session

async function partsOf(messages: Promise<unknown>, type: string): Promise<unknown[]> {
  const list = (await messages) as readonly { readonly parts: readonly Record<string, unknown>[] }[]
  return list.flatMap(({ parts }) =>
    parts.filter((part) => part["type"] === type).map((part) => part["text"]),
  )
}
