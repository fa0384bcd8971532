import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, it } from "node:test"

const CLAIMS = readFileSync("SECURITY.md", "utf8")
  .split("\n")
  .filter((line) => line.includes("`test/"))

describe("SECURITY.md", () => {
  it("names tests that are there", () => {
    assert.ok(CLAIMS.length > 20)
    for (const claim of CLAIMS)
      for (const [, file = "", titles = ""] of claim.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)) {
        const source = readFileSync(file, "utf8")
        for (const [, title = ""] of titles.matchAll(/"([^"]+)"/g))
          assert.ok(source.includes(title), `${file} has no "${title}"`)
      }
  })
})
