import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, it } from "node:test"
import { asObject } from "../../src/json.ts"
import { PACKAGE, VERSION } from "../../src/version.ts"

const document = asObject(JSON.parse(readFileSync("package.json", "utf8")))

it("the name and the version that we tell are those of the package", () => {
  assert.partialDeepStrictEqual(document, { name: PACKAGE, version: VERSION })
})

describe("the oldest that we serve", () => {
  const engines = asObject(document["engines"])
  const oldest = (name: string): string => String(engines[name]).replace(/^>=/, "")
  const [readme, ci] = ["README.md", ".github/workflows/ci.yml"].map((path) => readFileSync(path, "utf8"))

  it("OpenCode is told and tried as package.json has it", () => {
    const opencode = oldest("opencode")
    assert.match(opencode, /^1\.\d+\.\d+$/)
    assert.ok(readme?.includes(`OpenCode ${opencode} or later`))
    assert.ok(readFileSync("src/cli/doctor/programs.ts", "utf8").includes(`OLDEST_HOST = "${opencode}"`))
    assert.ok(ci?.includes(`opencode: "${opencode}"`))
    assert.deepEqual(document["peerDependencies"], { "@opencode-ai/plugin": `>=${opencode}` })
  })

  it("runtimes are told and tried as package.json has them", () => {
    const [node, bun] = [oldest("node"), oldest("bun")]
    assert.ok(readme?.includes(`Node ${node.replace(/\.0$/, "")} or later, or Bun`))
    assert.ok(ci?.includes(`node: ["${node}", latest]`))
    assert.ok(ci?.includes(`bun: "${bun}"`), `Bun ${bun} is tried nowhere`)
  })
})
