import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { finish, PromptCache, reasoning, text, toolUse } from "../support/fake-kiro/index.ts"
import { assertAnswered, type Harness, hear, startHarness } from "./harness.ts"

const system = { role: "system", content: "You help. ".repeat(1_000) }
const messages = [system, { role: "user", content: "Hello" }]

describe("cache points", () => {
  for (const [purpose, points] of [
    ["main", 1],
    ["title", 0],
    ["compaction", 0],
  ] as const)
    it(`are ${points} in a request for ${purpose}: what is asked once is read from no cache`, async () => {
      await using harness = await startHarness({ accounts: ["work"] })
      await assertAnswered(harness.ask({ messages }, { purpose }))
      const [chat] = harness.fake.chats
      assert.equal((chat?.text ?? "").split('"cachePoint"').length - 1, points)
    })
})

describe("a service that caches by prefix, account and conversation", () => {
  it("finds at least nine tenths of each request in the next, and the host is told", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.promptCache = new PromptCache()
    const steps = await twoLoops(harness)
    assert.equal(steps.length, 8)
    steps.reduce((before, step, index) => {
      assert.ok(step.cached >= 0.9 * before.prompt, `step ${index}: ${step.cached} of ${before.prompt}`)
      assert.ok(step.prompt > before.prompt && step.written > 0)
      return step
    })
    assert.equal(steps[0]?.cached, 0)
    assert.deepEqual(harness.fake.refused, [])
  })
})

interface Step {
  readonly prompt: number
  readonly cached: number
  readonly written: number
}

/** Two messages of the user, each with three calls behind signed reasoning and a last word. */
async function twoLoops(harness: Harness): Promise<readonly Step[]> {
  const history: object[] = [system]
  const steps: Step[] = []
  const ask = async (): Promise<void> => {
    const body = { model: "claude-opus-4-6", reasoning_effort: "high", tools, messages: history }
    const { usage } = await hear(await harness.ask(body))
    steps.push({
      prompt: usage?.prompt_tokens ?? 0,
      cached: usage?.prompt_tokens_details.cached_tokens ?? 0,
      written: usage?.prompt_tokens_details.cache_write_tokens ?? 0,
    })
  }
  for (const loop of ["first", "second"]) {
    history.push({ role: "user", content: `The ${loop} task.` })
    for (const number of [1, 2, 3]) {
      const id = `${loop}_${number}`
      const thought = `Thought ${id}.`
      const input = { path: `${id}.ts` }
      harness.fake.answer(
        reasoning({ text: thought, signature: Buffer.from(id).toString("base64") }),
        toolUse({ name: "read", toolUseId: id, input }),
        finish({ stopReason: "TOOL_USE" }),
      )
      await ask()
      const call = { id, type: "function", function: { name: "read", arguments: JSON.stringify(input) } }
      history.push(
        { role: "assistant", content: "", reasoning_content: thought, tool_calls: [call] },
        { role: "tool", tool_call_id: id, content: `The text of ${id}. `.repeat(40) },
      )
    }
    harness.fake.answer(text("Done."), finish())
    await ask()
    history.push({ role: "assistant", content: "Done." })
  }
  return steps
}

const tools = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]
