import { describe, it } from "node:test"
import * as fc from "fast-check"
import { canonical } from "../../src/translate/conversation/canonical.ts"
import { casesOf } from "../fuzz/runs.ts"
import { anyRequest, orderlyRequest, spokenRequest } from "./support/arbitrary-request.ts"
import {
  addsNothing,
  changesNoInput,
  declaresNoTools,
  isIdempotent,
  isTaken,
  keepsOrder,
  keepsPairs,
  keepsPrefix,
  losesNothing,
  pairsOnce,
} from "./support/properties.ts"

const RUNS = casesOf(150)

describe("any conversation, made canonical", () => {
  it("is taken by the service", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => isTaken(raw, canonical)),
      RUNS,
    )
  })

  it("holds every word that was said", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => losesNothing(raw, canonical)),
      RUNS,
    )
  })

  it("holds no word that nobody said", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => addsNothing(raw, canonical)),
      RUNS,
    )
  })

  it("keeps what was said in its order", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => keepsOrder(raw, canonical)),
      RUNS,
    )
  })

  it("keeps each result under its own call", () => {
    fc.assert(
      fc.property(orderlyRequest, (raw) => keepsPairs(raw, canonical)),
      RUNS,
    )
  })

  it("has nothing left to pair", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => pairsOnce(raw, canonical)),
      RUNS,
    )
  })

  it("is left as it is when it is made canonical again", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => isIdempotent(raw, canonical)),
      RUNS,
    )
  })

  it("changes nothing that it was given", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => changesNoInput(raw, canonical)),
      RUNS,
    )
  })

  it("stands unchanged at the head of the next request", () => {
    fc.assert(
      fc.property(fc.oneof(orderlyRequest, spokenRequest), (raw) => keepsPrefix(raw, canonical)),
      RUNS,
    )
  })

  it("declares no tool for a request without tools", () => {
    fc.assert(
      fc.property(anyRequest, (raw) => declaresNoTools(raw, canonical)),
      RUNS,
    )
  })
})
