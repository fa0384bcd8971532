import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { exception, stream, text } from "../support/fake-kiro/index.ts"
import { assertAnswered, hear, startHarness } from "./harness.ts"
import { eventually, fakeClock } from "../support/clock.ts"

describe("work behind an answer", () => {
  it("that no request waits for is done when the gateway closes, and writes nothing before", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    // The first one also says when the account was used, which requests wait for.
    await hear(await harness.ask({}, { session: "ses_1" }))
    await harness.gateway.close()
    await hear(await harness.ask({}, { session: "ses_2" }))
    await eventually(() => harness.answered.length === 2)
    const booked = async (): Promise<readonly string[]> =>
      (await harness.store.turns()).map(({ sessionId }) => sessionId).toSorted()
    assert.deepEqual(await booked(), ["ses_1"])
    await harness.gateway.close()
    assert.deepEqual(await booked(), ["ses_1", "ses_2"])
  })

  it("has written what requests wait for before the answer's reader hears of its end", async () => {
    const turn = Promise.withResolvers<void>()
    await using harness = await startHarness({ clock: { ...fakeClock(), turn: () => turn.promise } })
    await harness.add("work")
    await hear(await harness.ask())
    const { length } = await harness.store.turns()
    turn.resolve()
    assert.equal(length, 1)
  })

  it("that keeps an account from the next request is done before that is sent, also at once", async () => {
    await using harness = await startHarness()
    const work = await harness.add("work")
    await harness.add("home")
    work.script(stream(text("Hel"), exception("ThrottlingException", { message: "slow down" })))
    await harness.store.update("home", (home) => ({ ...home, assignment: 9 }))
    await hear(await harness.ask())
    await hear(await harness.ask())
    assert.deepEqual(harness.sent(), ["work", "home"])
  })
})

describe("a burst of chats", () => {
  it("goes on one by one, each in a turn of the event loop of its own, and who comes alone at once", async () => {
    const turn = Promise.withResolvers<void>()
    await using harness = await startHarness({ clock: { ...fakeClock(), turn: () => turn.promise } })
    await harness.add("work")
    const [first, second] = [harness.ask(), harness.ask({}, { session: "ses_2" })]
    await assertAnswered(first)
    assert.deepEqual(harness.sent(), ["work"])
    turn.resolve()
    await assertAnswered(second)
    assert.deepEqual(harness.sent(), ["work", "work"])
  })
})
