import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { SEED } from "../support/fixed-seed.ts"

describe("the cases of every property", () => {
  it("are the same in each run, unless another seed is asked for", () => {
    assert.equal(fc.readConfigureGlobal().seed, Number(process.env["FUZZ_SEED"] ?? SEED))
    const first = fc.sample(fc.integer(), 3)
    assert.deepEqual(fc.sample(fc.integer(), 3), first)
  })
})
