import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { asObject } from "../../src/json.ts"
import { packageFolder } from "../support/opencode/index.ts"
import { diskSize, filesOf, manifest, productionPackages } from "./production.ts"

const MEGABYTE = 1_000_000

describe("what an installation brings", () => {
  const packages = productionPackages()
  const files = packages.flatMap(filesOf)
  /** All of the package itself but some kilobytes of text. */
  const own = (): ReturnType<typeof filesOf> => filesOf({ folder: join(packageFolder(), "dist") })

  it("is at most 45 packages, none with an install script and none made for one system", () => {
    assert.ok(packages.length <= 45, `${packages.length} packages`)
    for (const { folder, entry } of packages)
      for (const unwanted of ["hasInstallScript", "os", "cpu", "libc"])
        assert.equal(entry[unwanted], undefined, `${folder} has ${unwanted}`)
  })

  it("holds no native program", () => {
    const native = files.filter(({ path }) => /\.(?:node|exe|dll|so|dylib|wasm)$/.test(path))
    assert.deepEqual(native, [])
  })

  it("takes at most 20 MB on the disk, with what is built here", () => {
    const bytes = diskSize([...files, ...own()])
    assert.ok(bytes <= 20 * MEGABYTE, `${(bytes / MEGABYTE).toFixed(1)} MB`)
  })

  it("is what the README says", () => {
    const readme = readFileSync("README.md", "utf8")
    const said = /its own (\d+) MB .* (\d+) packages, about (\d+) MB/.exec(readme)?.slice(1)
    const megabytes = [own(), files].map((each) => Math.round(diskSize(each) / MEGABYTE))
    assert.deepEqual(said?.map(Number), [megabytes[0], packages.length, megabytes[1]])
    const table = readme.slice(readme.indexOf("| package | reason |")).split("\n\n", 1)
    const named = [...String(table).matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1])
    assert.deepEqual(named, Object.keys(manifest("package.json")["dependencies"] ?? {}))
  })
})

describe("the lock file", () => {
  const { packages } = manifest("package-lock.json")
  const locked = new Map(Object.entries(asObject(packages)))

  it("is complete for every system, so that `npm ci` takes it and an install does not change it", () => {
    const wanted = [...locked.values()].flatMap((entry) =>
      Object.keys(asObject(asObject(entry)["optionalDependencies"])),
    )
    const names = new Set([...locked.keys()].map((folder) => folder.replace(/^.*node_modules\//, "")))
    assert.deepEqual(
      wanted.filter((name) => !names.has(name)),
      [],
    )
  })

  it("has the hash of each package; only the programs of some other systems were not there to be hashed", () => {
    const bare = [...locked].filter(([folder, entry]) => folder !== "" && !asObject(entry)["integrity"])
    for (const [folder, entry] of bare) {
      assert.match(folder, /^node_modules\/(?:opencode-|@opentui\/core-)(?:darwin|linux|windows)-/)
      assert.equal(asObject(entry)["optional"], true)
    }
  })

  it("names no registry", () => {
    assert.doesNotMatch(readFileSync("package-lock.json", "utf8"), /"resolved"|https?:[^"]*\.tgz/)
  })
})
