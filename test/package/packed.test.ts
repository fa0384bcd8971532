import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join, posix } from "node:path"
import { before, describe, it } from "node:test"
import { asObject } from "../../src/json.ts"
import { npm, npmNeedsShell } from "../support/npm.ts"
import { packageFolder } from "../support/opencode/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { manifest } from "./production.ts"

/** What npm would put into the package. */
function packed(cwd: string, ...options: readonly string[]): readonly string[] {
  const [listed] = JSON.parse(npm(["pack", "--dry-run", "--json", "--silent", ...options], { cwd })) as [
    { readonly files: readonly { readonly path: string }[] },
  ]
  return listed.files.map(({ path }) => path)
}

const hasNpm = spawnSync("npm", ["--version"], { shell: npmNeedsShell }).status === 0

describe("the packed package", hasNpm ? {} : { skip: "there is no npm" }, () => {
  let folder: string
  let files: readonly string[]
  before(() => {
    folder = packageFolder()
    // Other tests read what is built: it stays as it is.
    files = packed(folder, "--ignore-scripts")
  })

  it("holds what is built and what tells of it, and nothing else of the repository", () => {
    const others = files.filter((path) => !/^dist\/(?:\w[\w-]*\/)?[\w-]+\.(?:js|d\.ts)$/.test(path))
    assert.deepEqual(others.toSorted(), [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "dist/LICENSES.txt",
      "kiro.schema.json",
      "package.json",
      "server.js",
      "tui.js",
    ])
  })

  it("has each file that its package.json names, and that one of its files imports", () => {
    const { main, types, bin, exports } = manifest(join(folder, "package.json"))
    const doors = Object.values(asObject(exports)).flatMap((door) =>
      typeof door === "string" ? [door] : Object.values(asObject(door)),
    )
    const named = [main, types, ...Object.values(asObject(bin)), ...doors].map((path) =>
      posix.normalize(String(path)),
    )
    const imported = files
      .filter((path) => path.endsWith(".js"))
      .flatMap((path) =>
        [...readFileSync(join(folder, path), "utf8").matchAll(/(?:from|import)\s*\(?"(\.[^"]+)"/g)].map(
          ([, to = ""]) => posix.join(dirname(path), to),
        ),
      )
    assert.ok(imported.length > 30)
    assert.deepEqual(
      [...named, ...imported].filter((path) => !files.includes(path)),
      [],
    )
  })

  it("is built first, as a clone has nothing built, and npm then says the name of its file alone", () => {
    const clone = temporaryFolder()
    const { scripts, name, version, ...rest } = manifest(join(folder, "package.json"))
    const build = "node build.cjs"
    const makes = 'const fs = require("node:fs"); fs.cpSync("build.cjs", "dist/index.js")'
    writeFileSync(join(clone, "build.cjs"), makes)
    const ours = { name, version, files: rest["files"], scripts: { ...asObject(scripts), build } }
    writeFileSync(join(clone, "package.json"), JSON.stringify(ours))
    writeFileSync(join(clone, ".npmrc"), readFileSync(join(folder, ".npmrc")))
    assert.equal(
      npm(["pack", "--dry-run", "--loglevel=error"], { cwd: clone }),
      `${String(name)}-${String(version)}.tgz`,
    )
    assert.ok(packed(clone).includes("dist/index.js"))
  })
})
