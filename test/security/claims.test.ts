import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, it } from "node:test"
import { claimedTests, passedTests, unproven } from "../support/suites/claims.ts"

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

  it("has a claim proven by a passed test of its own file alone", () => {
    const output = [
      "test/one.test.ts:",
      "(pass) a suite > holds for a row [1.20ms]",
      "(fail) a suite > breaks",
      "(skip) a suite > needs modes",
      "test/two.test.ts:",
      "(skip) a suite > is left out",
      "(pass) elsewhere > breaks [2s]",
      "(pass) elsewhere > is left out",
    ].join("\n")
    const claimed = ["a suite", "holds", "breaks", "is left out", "needs modes"].map((title) => ({
      file: "test/one.test.ts",
      title,
    }))
    const open = (platform: string): readonly string[] =>
      unproven(passedTests(output, platform), claimed).map(({ title }) => title)
    assert.deepEqual(open("linux"), ["breaks", "is left out", "needs modes"])
    assert.deepEqual(open("win32"), ["breaks", "is left out"])
  })
})
