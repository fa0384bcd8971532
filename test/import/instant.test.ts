import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import {
  readInstant,
  readTokenDocument,
  rewriteTokenDocument,
  writeInstant,
} from "../../src/import/documents.ts"
import { Secret } from "../../src/secret.ts"

const AT = Date.UTC(2026, 10, 24, 14, 33, 30, 786)

describe("an instant of another program", () => {
  it("is read in every format that has been seen", () => {
    const formats: [unknown, number][] = [
      ["2026-11-24T14:33:30.786627Z", AT],
      ["2026-11-24T14:33:30.786627123Z", AT],
      ["2026-11-24T14:33:30.786Z", AT],
      ["2026-11-24T14:33:30Z", AT - 786],
      ["2026-11-24T16:33:30.786+02:00", AT],
      ["2026-11-24 14:33:30.786+00:00", AT],
      [AT, AT],
      [Math.floor(AT / 1000), AT - 786],
      [String(AT), AT],
    ]
    for (const [value, instant] of formats) assert.equal(readInstant(value), instant, String(value))
    for (const value of [
      null,
      undefined,
      "",
      "soon",
      Number.NaN,
      -1,
      {},
      "2026-13-45T99:00:00Z",
      1.764367e18,
      "1999-12-31T23:59:59Z",
      "2100-01-01T00:00:00Z",
      7,
    ])
      assert.equal(readInstant(value), undefined, String(value))
  })

  it("is written in the format of the one that it replaces", () => {
    const formats: [unknown, string | number][] = [
      ["2026-01-01T00:00:00.123456Z", "2026-11-24T14:33:30.786000Z"],
      ["2026-01-01T00:00:00Z", "2026-11-24T14:33:30Z"],
      ["2026-01-01T00:00:00.123456789+00:00", "2026-11-24T14:33:30.786000000+00:00"],
      [1_767_000_000, Math.floor(AT / 1000)],
      [1_767_000_000_000, AT],
      ["1767000000", String(Math.floor(AT / 1000))],
      [undefined, "2026-11-24T14:33:30.786Z"],
    ]
    for (const [previous, written] of formats)
      assert.equal(writeInstant(AT, previous), written, String(previous))
  })

  it("comes back as it was written, to the second, whatever the format", () => {
    const previous = fc.oneof(
      fc.constantFrom<unknown>("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", undefined),
      fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1e12, max: 4e12 }), previous, (instant, before) => {
        const read = readInstant(writeInstant(instant, before)) ?? 0
        assert.ok(Math.abs(read - instant) < 1000)
      }),
    )
  })
})

describe("a token document of another program", () => {
  it("keeps every other byte when it takes a pair, a number that no double holds and a comma's blanks too", () => {
    const text =
      '{ "accessToken":"a",\n "id": 12345678901234567890123 , "refreshToken":"r","expiresAt":"2026-11-24T14:33:30Z" }'
    const after = { accessToken: new Secret("A"), refreshToken: new Secret("R"), expiresAt: AT }
    assert.equal(
      rewriteTokenDocument(text, after),
      '{ "accessToken":"A",\n "id": 12345678901234567890123 , "refreshToken":"R","expiresAt":"2026-11-24T14:33:30Z" }',
    )
  })

  it("is judged, whatever it holds, and never thrown over", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readTokenDocument(text)))
  })
})
