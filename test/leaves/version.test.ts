import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { it } from "node:test"
import { PACKAGE, VERSION } from "../../src/version.ts"

it("the name and the version that we tell are those of the package", () => {
  const document: unknown = JSON.parse(readFileSync("package.json", "utf8"))
  assert.partialDeepStrictEqual(document, { name: PACKAGE, version: VERSION })
})
