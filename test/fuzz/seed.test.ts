import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"

describe("the cases of every property", () => {
  it("are the same in each run", () => {
    assert.ok(Number.isSafeInteger(fc.readConfigureGlobal().seed))
    assert.deepEqual(fc.sample(fc.integer(), 3), fc.sample(fc.integer(), 3))
  })
})
