import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createBackground } from "../../src/gateway/context.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { exception, stream, text } from "../support/fake-kiro/index.ts"
import { hear, startHarness } from "./harness.ts"

describe("work behind an answer", () => {
  it("that no request needs leaves after what the next one waits for, though it came first", async () => {
    const background = createBackground(silentLog, systemClock)
    const order: string[] = []
    background.startLate(async () => order.push("late"))
    background.start("ses_1", async () => order.push("needed"))
    await background.settled()
    assert.deepEqual(order, ["needed", "late"])
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
