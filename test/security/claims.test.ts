import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, it } from "node:test"
import { claimedTests } from "../support/suites/claims.ts"

describe("SECURITY.md", () => {
  it("names tests that are there and not left out; `npm test` fails where one of them did not pass", () => {
    const claimed = claimedTests()
    assert.ok(claimed.length > 30)
    for (const { file, title } of claimed) {
      const source = readFileSync(file, "utf8")
      const calls = source.replaceAll(/\(\s+/g, "(")
      const written = calls.includes(`("${title}"`) || calls.includes(`(\`${title}`)
      // The title of a row of a table stands in a template: the run itself says whether it passed.
      assert.ok(written || calls.includes("it(`"), `${file} has no "${title}"`)
      assert.doesNotMatch(source, /\b(?:it|describe)\.(?:skip|todo|only)\b/, file)
    }
  })
})
