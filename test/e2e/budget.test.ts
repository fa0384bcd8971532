import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { before, describe, it } from "node:test"
import { asObject } from "../../src/json.ts"
import { finish, text, toolUse } from "../support/fake-kiro/index.ts"
import { type HostEvent, packageFolder, type Turn } from "../support/opencode/index.ts"
import { openServerStage, stageForTests } from "./setup.ts"

const MODEL = { providerID: "kiro", modelID: "claude-sonnet-4-5" }

/** One day, from the first credit to the lift: the tests go on where the one before ended. */
describe("the user's daily budget of 10 credits, in OpenCode", () => {
  const lab = stageForTests(() => openServerStage({ settings: { daily_credit_budget: 10 } }))
  let session: string
  before(async () => {
    session = await lab.stage.server.newSession()
  })

  async function answered(words: string): Promise<Turn> {
    const turn = await lab.stage.server.prompt(session, words)
    assert.equal(turn.info["error"], undefined)
    assert.equal(turn.info["finish"], "stop")
    return turn
  }

  /** Refused at once, in words that help, and not tried again. */
  async function refused(where: string): Promise<void> {
    const { fake, server } = lab.stage
    const sent = fake.chats.length
    const events = server.events.length
    const { info } = await server.prompt(where, "One more thing.")
    const error = asObject(info["error"])
    const data = asObject(error["data"])
    assert.equal(error["name"], "APIError")
    assert.equal(data["isRetryable"], false)
    assert.match(
      String(data["message"]),
      /^Kiro: today's budget of 10 credits is used up \(1\d\.\d\d so far\)\. To go on, .*budget lift.*\/kiro.*daily_credit_budget/,
    )
    await server.event((event) => event.type === "session.error" && server.events.indexOf(event) >= events)
    await server.idle()
    assert.equal(fake.chats.length, sent)
    const since = server.events.slice(events)
    assert.ok(!since.some(isRepeat))
    assert.equal(since.filter(({ type }) => type === "session.error").length, 1)
  }

  const notices = (): HostEvent[] =>
    lab.stage.server.events.filter(
      ({ type, properties }) =>
        type === "tui.toast.show" && String(properties["message"]).includes("today's budget"),
    )

  it("is told of, once, when four fifths are used", async () => {
    const { fake, server } = lab.stage
    fake.answer(text("A long answer."), finish({ credits: 8.5 }))
    await answered("Think long.")
    assert.equal(notices().length, 0)
    await answered("Go on.")
    const { properties } = await server.event((event) => notices().includes(event), 10_000)
    assert.match(
      String(properties["message"]),
      /^8\.5\d of today's budget of 10 credits are used\..*budget lift/,
    )
    await answered("Go on.")
    lab.late.settled(3)
  })

  it("lets the steps of a turn under way go on", async () => {
    const { fake } = lab.stage
    const call = { name: "bash", input: { command: "true", description: "Do nothing" } }
    fake.answer(text("I do it."), toolUse(call), finish({ stopReason: "TOOL_USE", credits: 2 }))
    fake.answer(text("It is done."), finish())
    assert.match(JSON.stringify((await answered("Do it.")).parts), /It is done/)
    lab.late.settled(2)
  })

  it("stops the next message, with one readable error and no request", async () => {
    await refused(session)
    lab.late.settled(0)
  })

  it("stops it behind a command of the user's own too", async () => {
    await lab.stage.server.post(`/session/${session}/shell`, {
      agent: "build",
      model: MODEL,
      command: "true",
    })
    await refused(session)
    lab.late.settled(0)
  })

  it("stops that of a new session too, but not its title", async () => {
    const { fake, server } = lab.stage
    const another = await server.newSession()
    await refused(another)
    await server.event(({ type, properties }) => {
      const info = asObject(properties["info"])
      return type === "session.updated" && info["id"] === another && info["title"] === "A short title"
    })
    assert.equal(fake.received("GenerateAssistantResponse").length, 1)
    lab.late.settled(0)
  })

  it("lets a compaction go on, the first message after it, and the subagent that this starts", async () => {
    const { fake, server } = lab.stage
    fake.answer(text("A summary."), finish())
    await server.post(`/session/${session}/summarize`, MODEL)
    assert.equal(fake.chats.length, 1)
    const task = { description: "Look around", prompt: "Look around.", subagent_type: "general" }
    fake.answer(toolUse({ name: "task", input: task }), finish({ stopReason: "TOOL_USE" }))
    fake.answer(text("I looked around."), finish())
    fake.answer(text("That was all."), finish())
    assert.match(JSON.stringify((await answered("Let it be looked at.")).parts), /That was all/)
    const [, , looked, told] = fake.chats.map((chat) => chat.text)
    assert.match(String(looked), /Look around\./)
    assert.match(String(told), /I looked around\./)
    await refused(session)
    lab.late.settled(4)
  })

  it("is lifted by the command, and was told of once", async () => {
    const { sandbox } = lab.stage
    const printed = execFileSync(
      process.execPath,
      [join(packageFolder(), "dist/cli/main.js"), "budget", "lift"],
      { cwd: sandbox.project, env: { ...sandbox.environment }, encoding: "utf8" },
    )
    assert.match(printed, /The budget is lifted until midnight\./)
    await answered("And now?")
    assert.equal(notices().length, 1)
    lab.late.settled(1)
  })
})

function isRepeat({ type, properties }: HostEvent): boolean {
  return type === "session.status" && asObject(properties["status"])["type"] === "retry"
}
