import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type Background,
  createBackground,
  type TaskOutcome,
} from "../../../src/gateway/control/background.ts"
import { silentLog } from "../../../src/runtime.ts"
import { type FakeClock, fakeClock } from "../../support/clock.ts"

interface Bench {
  readonly clock: FakeClock
  readonly runs: string[]
  readonly background: Background
}

function bench(outcomes: readonly TaskOutcome[], waitMs: () => number = () => 0): Bench {
  const clock = fakeClock()
  const runs: string[] = []
  const left = [...outcomes]
  const task = {
    name: "the task",
    everyMs: 60_000,
    retries: 2,
    waitMs: async () => waitMs(),
    run: async (accountId: string) => {
      runs.push(accountId)
      return left.shift() ?? "done"
    },
  }
  return { clock, runs, background: createBackground(task, { clock, random: () => 0.5, log: silentLog }) }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe("a task in the background", () => {
  it("runs once for many calls, and again only after its time", async () => {
    const { clock, runs, background } = bench([])
    background.soon("a")
    background.soon("a")
    background.soon("b")
    await settle()
    clock.advance(59_999)
    background.soon("a")
    await settle()
    assert.deepEqual(runs, ["a", "b"])
    clock.advance(1)
    background.soon("a")
    await settle()
    assert.deepEqual(runs, ["a", "b", "a"])
  })

  it("is tried again with growing waits, and then let be", async () => {
    const { clock, runs, background } = bench(["retry", "retry", "retry", "retry"])
    background.soon("a")
    await settle()
    assert.equal(runs.length, 3)
    assert.deepEqual(clock.slept, [1000, 2000])
  })

  it("is not tried again while somebody waits for it", async () => {
    const { clock, runs, background } = bench(["retry"])
    await background.now(["a"])
    await background.now(["a"])
    assert.equal(runs.length, 1)
    assert.deepEqual(clock.slept, [])
  })

  it("leaves an account alone that another process asked about, unless forced", async () => {
    const { clock, runs, background } = bench([], () => 30_000)
    background.soon("a")
    await settle()
    assert.deepEqual(runs, [])
    await background.force("a")
    assert.deepEqual(runs, ["a"])
    clock.advance(30_000)
  })

  it("rests for hours where the account has no such thing", async () => {
    const { clock, runs, background } = bench(["unsupported"])
    await background.now(["a"])
    clock.advance(3_600_000)
    await background.now(["a"])
    assert.equal(runs.length, 1)
  })

  it("starts nothing after it was closed", async () => {
    const { runs, background } = bench([])
    await background.close()
    background.soon("a")
    await background.force("a")
    assert.deepEqual(runs, [])
  })
})
