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

const ANY = sampleOf(anyRequest)
const ORDERLY = sampleOf(orderlyRequest)
const CHECKS: readonly (readonly [readonly RawRequest[], typeof isTaken])[] = [
  [ANY, isTaken],
  [ANY, losesNothing],
  [ANY, declaresNoTools],
  [ANY, keepsOrder],
  [sampleOf(fc.oneof(orderlyRequest, spokenRequest)), keepsPrefix],
  [ORDERLY, keepsPairs],
  [ANY, isIdempotent],
  [ANY, addsNothing],
]

/** Made once for all bugs: to make them takes longer than to judge them. */
function sampleOf(requests: fc.Arbitrary<RawRequest>): readonly RawRequest[] {
  return fc.sample(requests, 120)
}

function isCaught(steps: readonly CanonicalStep[]): boolean {
  const broken: CanonicalStep = (conversation) => steps.reduce((current, step) => step(current), conversation)
  return CHECKS.some(([requests, holds]) => requests.some((raw) => !isHeld(() => holds(raw, broken))))
}

function isHeld(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
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
