import assert from "node:assert/strict"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { beforeEach, describe, it } from "node:test"
import {
  contextUsage,
  exception,
  finish,
  metadata,
  pause,
  reset,
  text,
  toolUse,
  type Steps,
} from "../support/fake-kiro/index.ts"
import { sharedServerStage, stageForTests } from "./setup.ts"

const THROTTLE = exception("ThrottlingException", { message: "slow down" })
const BROKEN = exception("InternalServerException", { message: "boom" })
const OVERFLOW = exception("ContentLengthExceededException", { message: "too long" })
const WINDOW = 200_000

interface ToolPart {
  readonly tool: string
  readonly state: { readonly status: string; readonly input: unknown }
}

interface AssistantInfo {
  readonly role: string
  readonly finish?: string
  readonly summary?: boolean
  readonly tokens: {
    readonly input: number
    readonly output: number
    readonly reasoning: number
    readonly cache: { readonly read: number }
  }
}

/** Each end of an answer, as the real OpenCode takes it. A call that runs leaves a line in the file `ran`. */
describe("the end of an answer in OpenCode", () => {
  const lab = stageForTests(sharedServerStage)
  beforeEach(() => rmSync(ran(), { force: true }))

  const ran = (): string => join(lab.stage.sandbox.project, "ran")
  const timesRun = (): number =>
    existsSync(ran()) ? readFileSync(ran(), "utf8").trim().split("\n").length : 0
  const echo = (pieces = 3): { name: string; input: Record<string, unknown>; pieces: number } => ({
    name: "bash",
    input: { command: "echo x >> ran", description: "Leave a line" },
    pieces,
  })

  async function prompt(...steps: readonly Steps[]): ReturnType<typeof lab.stage.server.prompt> {
    lab.stage.fake.answer(...steps)
    return lab.stage.server.prompt(await lab.stage.server.newSession(), "hello", {
      model: "claude-sonnet-4-5",
    })
  }

  async function assistantMessages(session: unknown): Promise<AssistantInfo[]> {
    const messages = (await lab.stage.server.get(`/session/${String(session)}/message`)) as {
      readonly info: AssistantInfo
    }[]
    return messages.map(({ info }) => info).filter(({ role }) => role === "assistant")
  }

  async function toolParts(session: unknown): Promise<ToolPart[]> {
    const messages = (await lab.stage.server.get(`/session/${String(session)}/message`)) as {
      readonly parts: readonly ({ readonly type: string } & ToolPart)[]
    }[]
    return messages.flatMap(({ parts }) => parts.filter(({ type }) => type === "tool"))
  }

  it("runs two calls of one answer once each", async () => {
    const two = [toolUse(echo()), toolUse(echo(1)), finish({ stopReason: "TOOL_USE" })]
    lab.stage.fake.answer(...two)
    const turn = await prompt(text("Done."), finish())
    assert.equal(turn.info["finish"], "stop")
    assert.equal(timesRun(), 2)
    lab.late.settled(2)
  })

  it("runs no call before its stop, though its arguments are complete", async () => {
    const json = JSON.stringify(echo().input)
    const call = toolUse({ name: "bash", fragments: [json.slice(0, -1), "}", " ", "\n"], stop: false })
    const turn = await prompt(call, pause(500))
    assert.notEqual(turn.info["error"], undefined)
    assert.equal(timesRun(), 0)
    lab.late.settled(1)
  })

  for (const [name, failure] of [
    ["a throttle", THROTTLE],
    ["a broken service", BROKEN],
    ["a reset", reset],
  ] as const) {
    it(`goes on after a complete call, and runs it once, when ${name} follows`, async () => {
      lab.stage.fake.answer(text("I run it."), toolUse(echo()), pause(500), failure)
      const turn = await prompt(text("Done."), finish())
      assert.equal(turn.info["error"], undefined)
      assert.equal(timesRun(), 1)
      lab.late.settled(2)
    })

    it(`is an error that is not repeated when ${name} comes inside a call`, async () => {
      const turn = await prompt(text("I run it."), toolUse({ ...echo(), stop: false }), pause(500), failure)
      assert.notEqual(turn.info["error"], undefined)
      assert.equal(timesRun(), 0)
      lab.late.settled(1)
    })
  }

  it("is asked for again, after the wait, when a throttle follows some text", async () => {
    lab.stage.fake.answer(text("half"), THROTTLE)
    const turn = await prompt(text("The whole answer."), finish())
    assert.equal(turn.info["finish"], "stop")
    lab.late.settled(2)
  })

  it("is length where the service cut a call, which then runs nowhere and leaves the session usable", async () => {
    for (const fragments of [[], ['{"command":"echo x >> ran"'], ['{"command":"echo x >> ran"}']]) {
      lab.stage.fake.forget()
      const cut = toolUse({ name: "bash", fragments, stop: false })
      const turn = await prompt(text("I run it."), cut, metadata({ stopReason: "MAX_TOKENS" }))
      assert.equal(timesRun(), 0)
      const parts = await toolParts(turn.info["sessionID"])
      assert.deepEqual(
        parts.map(({ tool }) => tool),
        ["invalid"],
      )
      lab.stage.fake.answer(text("Fine."), finish())
      const next = await lab.stage.server.prompt(String(turn.info["sessionID"]), "and now?")
      assert.equal(next.info["finish"], "stop")
      assert.deepEqual(lab.stage.fake.refused, [])
    }
  })

  it("is length, with the whole window as usage, when the service overflows after some text", async () => {
    const turn = await prompt(text("half"), OVERFLOW)
    const [answer] = await assistantMessages(turn.info["sessionID"])
    assert.equal(answer?.finish, "length")
    assert.equal(total(answer.tokens), WINDOW)
  })

  it("has the host compact next when the window is full", async () => {
    const turn = await prompt(text("An answer."), contextUsage(100))
    const [answer, summary] = await assistantMessages(turn.info["sessionID"])
    assert.equal(answer?.finish, "stop")
    assert.equal(total(answer.tokens), WINDOW)
    assert.equal(summary?.summary, true)
  })

  it("that has no content is asked for again unseen, and a bounded number of times", async () => {
    lab.stage.fake.answer(contextUsage(10))
    const turn = await prompt(text("An answer."), finish())
    assert.equal(turn.info["finish"], "stop")
    lab.late.settled(2)
  })

  it("is shown as the filter's where the service filtered it", async () => {
    const turn = await prompt(text("I can't"), metadata({ stopReason: "CONTENT_FILTERED" }))
    assert.match(JSON.stringify(turn.info["error"] ?? turn.info["finish"]), /content|filter/i)
    lab.late.settled(1)
  })
})

function total({ input, output, reasoning, cache }: AssistantInfo["tokens"]): number {
  return input + output + reasoning + cache.read
}
