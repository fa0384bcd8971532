import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { CANONICAL_STEPS } from "../../src/translate/conversation/canonical.ts"
import type { CanonicalStep } from "../../src/translate/conversation/canonical.ts"
import { anyRequest, orderlyRequest, spokenRequest } from "./support/arbitrary-request.ts"
import type { RawRequest } from "./support/arbitrary-request.ts"
import {
  addsNothing,
  declaresNoTools,
  isIdempotent,
  isTaken,
  keepsOrder,
  keepsPairs,
  keepsPrefix,
  losesNothing,
} from "./support/properties.ts"
import { SEEDED_BUGS } from "./support/seeded-bugs.ts"

const CHECKS: readonly (readonly [fc.Arbitrary<RawRequest>, typeof isTaken])[] = [
  [anyRequest, isTaken],
  [anyRequest, losesNothing],
  [anyRequest, declaresNoTools],
  [anyRequest, keepsOrder],
  [fc.oneof(orderlyRequest, spokenRequest), keepsPrefix],
  [orderlyRequest, keepsPairs],
  [anyRequest, isIdempotent],
  [anyRequest, addsNothing],
]
const RUNS = { numRuns: 120, endOnFailure: true }

function isCaught(steps: readonly CanonicalStep[]): boolean {
  const broken: CanonicalStep = (conversation) => steps.reduce((current, step) => step(current), conversation)
  return CHECKS.some(
    ([requests, holds]) =>
      fc.check(
        fc.property(requests, (raw) => holds(raw, broken)),
        RUNS,
      ).failed,
  )
}

describe("a bug in the canonical step", () => {
  it("is not seen where there is none", () => {
    assert.equal(isCaught(CANONICAL_STEPS), false)
  })

  for (const [bug, steps] of Object.entries(SEEDED_BUGS))
    it(`is caught: ${bug}`, () => {
      assert.equal(isCaught(steps), true)
    })
})
