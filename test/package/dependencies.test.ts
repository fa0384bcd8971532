import assert from "node:assert/strict"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { isObject, type JsonObject } from "../../src/json.ts"

const BLOCK = 4096
const MEGABYTE = 1_000_000

describe("what an installation brings", () => {
  const packages = productionPackages()
  const files = packages.flatMap(filesOf)

  it("is at most 50 packages, none with an install script and none made for one system", () => {
    assert.ok(packages.length <= 50, `${packages.length} packages`)
    for (const { name, entry } of packages)
      for (const unwanted of ["hasInstallScript", "os", "cpu", "libc"])
        assert.equal(entry[unwanted], undefined, `${name} has ${unwanted}`)
  })

  it("holds no native program", () => {
    const native = files.filter(({ path }) => /\.(?:node|exe|dll|so|dylib|wasm)$/.test(path))
    assert.deepEqual(native, [])
  })

  it("takes at most 30 MB on the disk", () => {
    const bytes = files.reduce((sum, { size }) => sum + Math.ceil(size / BLOCK) * BLOCK, 0)
    assert.ok(bytes <= 30 * MEGABYTE, `${(bytes / MEGABYTE).toFixed(1)} MB`)
  })

  it("is what the README says", () => {
    const readme = readFileSync("README.md", "utf8")
    assert.equal(/(\d+) packages/.exec(readme)?.[1], String(packages.length))
    const table = readme.slice(readme.indexOf("| package | reason |")).split("\n\n", 1)
    const named = [...String(table).matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1])
    assert.deepEqual(named, Object.keys(manifest("package.json")["dependencies"] ?? {}))
  })
})

interface Package {
  readonly name: string
  readonly entry: JsonObject
}

/** Without the development's and the host's. */
function productionPackages(): Package[] {
  const { packages } = manifest("package-lock.json")
  assert.ok(isObject(packages))
  return Object.entries(packages).flatMap(([name, entry]) => {
    if (name === "" || !isObject(entry)) return []
    return entry["dev"] || entry["devOptional"] || entry["peer"] ? [] : [{ name, entry }]
  })
}

function filesOf({ name }: Package): { readonly path: string; readonly size: number }[] {
  return readdirSync(name, { recursive: true, encoding: "utf8" }).flatMap((file) => {
    const path = join(name, file)
    const stats = statSync(path)
    return stats.isFile() ? [{ path, size: stats.size }] : []
  })
}

function manifest(path: string): JsonObject {
  const document: unknown = JSON.parse(readFileSync(path, "utf8"))
  assert.ok(isObject(document))
  return document
}
