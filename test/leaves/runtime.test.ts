import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { systemClock } from "../../src/runtime.ts"

/** As a laptop's sleep does, and a stop of the process: afterwards every timer is due at once. */
const standStill = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

describe("a deadline of the system's clock", () => {
  const order: string[] = []

  it("lets what came during a sleep be read first, then expires", async () => {
    const expired = new Promise<void>((resolve) => systemClock.deadline(10, resolve)).then(() =>
      order.push("expired"),
    )
    const came = systemClock.sleep(500).then(() => order.push("read"))
    standStill(1500)
    await Promise.all([came, expired])
    assert.deepEqual(order, ["read", "expired"])
  })

  it("can be lifted behind a sleep", async () => {
    let isExpired = false
    const lift = systemClock.deadline(10, () => (isExpired = true))
    standStill(1100)
    await systemClock.sleep(20)
    lift()
    await systemClock.sleep(2100)
    assert.equal(isExpired, false)
  })
})
