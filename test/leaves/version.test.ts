import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { it } from "node:test"
import { VERSION } from "../../src/version.ts"

it("the version that we tell the service is that of the package", () => {
  const document: unknown = JSON.parse(readFileSync("package.json", "utf8"))
  assert.equal((document as { version: unknown }).version, VERSION)
})
