import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { FAKE_MODELS, type FakeModel } from "../support/fake-kiro/index.ts"
import { withServer } from "./setup.ts"

/** OpenCode's own prompt and tools are about 8 000 tokens of it. */
const WINDOW = 24_000
const LONG = "lorem ipsum ".repeat(1700)

const MODELS: readonly FakeModel[] = FAKE_MODELS.map((model) =>
  model.modelId === "claude-sonnet-4.5" ? { ...model, maxInputTokens: WINDOW } : model,
)

describe("a session in OpenCode that outgrows the service's window", () => {
  it("is answered all the same, is compacted, and goes on", () =>
    withServer(
      async ({ fake, server }) => {
        const session = await server.newSession()
        for (let count = 1; count <= 6; count += 1) {
          const turn = await server.prompt(session, `message ${count}: ${LONG}`)
          assert.equal(turn.info["error"], undefined)
          assert.equal(turn.info["finish"], "stop")
        }
        const reasons = new Set(fake.refused.map(({ reply }) => JSON.parse(reply.body).reason as unknown))
        assert.deepEqual([...reasons], ["CONTENT_LENGTH_EXCEEDS_THRESHOLD"])
        assert.ok(server.events.some(({ type }) => type === "session.compacted"))
      },
      { account: { models: MODELS } },
    ))
})
