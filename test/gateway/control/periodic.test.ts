import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Periodic, createPeriodic, type TaskOutcome } from "../../../src/gateway/control/periodic.ts"
import { silentLog } from "../../../src/runtime.ts"
import { type FakeClock, fakeClock } from "../../support/clock.ts"

interface Bench {
  readonly clock: FakeClock
  readonly runs: string[]
  readonly periodic: Periodic
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
  return { clock, runs, periodic: createPeriodic(task, { clock, random: () => 0.5, log: silentLog }) }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe("a periodic task", () => {
  it("runs once for many calls, and again only after its time", async () => {
    const { clock, runs, periodic } = bench([])
    periodic.soon("a")
    periodic.soon("a")
    periodic.soon("b")
    await settle()
    clock.advance(59_999)
    periodic.soon("a")
    await settle()
    assert.deepEqual(runs, ["a", "b"])
    clock.advance(1)
    periodic.soon("a")
    await settle()
    assert.deepEqual(runs, ["a", "b", "a"])
  })

  it("is tried again with growing waits, and then let be", async () => {
    const { clock, runs, periodic } = bench(["retry", "retry", "retry", "retry"])
    periodic.soon("a")
    await settle()
    assert.equal(runs.length, 3)
    assert.deepEqual(clock.slept, [1000, 2000])
  })

  it("is not tried again while somebody waits for it", async () => {
    const { clock, runs, periodic } = bench(["retry"])
    await periodic.now("a")
    await periodic.now("a")
    assert.equal(runs.length, 1)
    assert.deepEqual(clock.slept, [])
  })

  it("leaves an account alone that another process asked about, unless forced", async () => {
    const { clock, runs, periodic } = bench([], () => 30_000)
    periodic.soon("a")
    await settle()
    assert.deepEqual(runs, [])
    await periodic.force("a")
    assert.deepEqual(runs, ["a"])
    clock.advance(30_000)
  })

  it("rests for hours where the account has no such thing", async () => {
    const { clock, runs, periodic } = bench(["unsupported"])
    await periodic.now("a")
    clock.advance(3_600_000)
    await periodic.now("a")
    assert.equal(runs.length, 1)
  })

  it("starts nothing after it was closed", async () => {
    const { runs, periodic } = bench([])
    await periodic.close()
    periodic.soon("a")
    await periodic.force("a")
    assert.deepEqual(runs, [])
  })
})
