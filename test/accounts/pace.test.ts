import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { lastsUntil, type Quota } from "../../src/accounts/index.ts"

const NOW = Date.UTC(2026, 10, 16)
const DAY_MS = 86_400_000

const quota = (used: number, rest: Partial<Quota> = {}): Quota => ({
  checkedAt: NOW - 1000,
  used,
  limit: 1000,
  resetAt: NOW + 15.2 * DAY_MS,
  bonuses: [],
  overage: { enabled: false, used: 0 },
  ...rest,
})

const daysLeft = (measured: Quota): number | undefined => {
  const until = lastsUntil(measured, NOW)
  return until === undefined ? undefined : Math.round((until - NOW) / DAY_MS)
}

describe("the pace of an account", () => {
  it("says when the credits end, trial and bonuses included", () => {
    assert.equal(daysLeft(quota(500)), 15)
    assert.equal(daysLeft(quota(800)), 4)
    assert.equal(daysLeft(quota(800, { trial: { used: 0, limit: 600 } })), 15)
  })

  it("goes by the month where the reset that was named had passed when it was asked for", () => {
    assert.equal(daysLeft(quota(500, { resetAt: NOW - DAY_MS })), 15)
  })

  it("takes a period that has just begun for a day at least", () => {
    assert.equal(daysLeft(quota(100, { resetAt: NOW + 30.35 * DAY_MS })), 9)
  })

  it("is not known where nothing is used or left, and where the figures are of the period before", () => {
    assert.equal(daysLeft(quota(0)), undefined)
    assert.equal(daysLeft(quota(1000)), undefined)
    assert.equal(daysLeft(quota(500, { checkedAt: NOW - 40 * DAY_MS, resetAt: NOW - DAY_MS })), undefined)
  })
})
