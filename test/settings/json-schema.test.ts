import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, it } from "node:test"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { settingsJsonSchema } from "../support/settings-json-schema.ts"

describe("the JSON schema of kiro.json", () => {
  it("in the package is the one that the rules make; `npm run schema` writes it", () => {
    assert.deepEqual(JSON.parse(readFileSync("kiro.schema.json", "utf8")), settingsJsonSchema())
  })

  it("describes every key, with range and default", () => {
    const schema = settingsJsonSchema()
    assert.ok("properties" in schema)
    const { properties } = schema
    assert.ok(typeof properties === "object" && properties !== null)
    const described = new Map(Object.entries(properties))
    assert.ok(described.size > Object.keys(DEFAULT_SETTINGS).length)
    assert.deepEqual(described.get("rate_limit_retry_delay_ms"), {
      description: "First wait or cool-down, in ms, when the service names none. It doubles, jittered.",
      type: "integer",
      minimum: 1000,
      maximum: 60_000,
      default: 5000,
    })
  })

  it("describes every part of a rule", () => {
    const text = JSON.stringify(settingsJsonSchema())
    const [rules = ""] = /"account_rules":.*?"default":\[\]/.exec(text) ?? []
    for (const part of ["project", "agent", "model", "account", "fallback"])
      assert.match(rules, new RegExp(`"${part}":\\{[^{}]*"description":"[^"]+"`))
  })

  it("is shipped", () => {
    const manifest: unknown = JSON.parse(readFileSync("package.json", "utf8"))
    assert.ok(typeof manifest === "object" && manifest !== null && "files" in manifest)
    assert.ok(Array.isArray(manifest.files) && manifest.files.includes("kiro.schema.json"))
  })
})
