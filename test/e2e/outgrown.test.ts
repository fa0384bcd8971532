import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { NARROW_MODEL, sharedServerStage, stageForTests } from "./setup.ts"

const LONG = "lorem ipsum ".repeat(1700)

describe("a session in OpenCode that outgrows the service's window", () => {
  const lab = stageForTests(sharedServerStage)

  it("is answered all the same, is compacted, and goes on", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    for (let count = 1; count <= 6; count += 1) {
      const turn = await server.prompt(session, `message ${count}: ${LONG}`, { model: NARROW_MODEL })
      assert.equal(turn.info["error"], undefined)
      assert.equal(turn.info["finish"], "stop")
    }
    const reasons = new Set(fake.refused.map(({ reply }) => JSON.parse(reply.body).reason as unknown))
    assert.deepEqual([...reasons], ["CONTENT_LENGTH_EXCEEDS_THRESHOLD"])
    assert.ok(
      server.events.some(
        ({ type, properties }) => type === "session.compacted" && properties["sessionID"] === session,
      ),
    )
  })
})
