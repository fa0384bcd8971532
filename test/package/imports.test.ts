import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { packageFolder } from "../support/opencode/index.ts"
import { startEnvironment } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const OURS = extname(import.meta.filename)
const SOURCE = join(import.meta.dirname, "..", "..", "src")

/** The command runs when it is imported; the terminal UI's files need the host's own packages. */
const NOT_IMPORTED = /^cli[\\/]main\.|^tui[\\/](?:tui|panel|v1|v2)\./

/** Bun keeps a cache of what it compiled in the home folder unless told not to. */
const ENVIRONMENT = { ...startEnvironment(), BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" }

describe("importing", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(OURS) && !NOT_IMPORTED.test(name))
    .map((name) => join(SOURCE, name))

  it("any file makes no file, timer, listener or connection, and lets the process end", async () => {
    assert.ok(files.length > 100)
    const home = temporaryFolder()
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, `import-process${OURS}`), ...files, ...built()],
      { cwd: home, env: { ...ENVIRONMENT, HOME: home, USERPROFILE: home }, timeout: 30_000 },
    )
    assert.equal(stdout.trim(), "[]")
    assert.deepEqual(readdirSync(home), [])
  })

  it("the start brings no module that OpenCode has not loaded by then, nor any package", () => {
    const start = ["index.js", "server/start.js"].map((name) => join(packageFolder(), "dist", name))
    const texts = start.map((file) => readFileSync(file, "utf8"))
    const imported = texts.flatMap((text) => [...text.matchAll(/^import .*? from "(.*)";$/gm)])
    const foreign = new Set(imported.map(([, id = ""]) => id).filter((id) => !id.startsWith(".")))
    // Each other one costs milliseconds before the first paint: Bun takes ten for node:crypto.
    assert.deepEqual([...foreign].toSorted(), ["node:fs", "node:fs/promises", "node:os", "node:path"])
  })

  it("the package gives one value, a plugin module", async () => {
    for (const path of [join(SOURCE, `index${OURS}`), join(packageFolder(), "server.js")]) {
      const entry: object = await import(pathToFileURL(path).href)
      assert.deepEqual(Object.keys(entry), ["default"])
    }
  })
})

/** The server's door and its chunks, and the module that OpenCode 2 imports by its address. */
function built(): readonly string[] {
  const dist = join(packageFolder(), "dist")
  return readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((name) => /^(?:index|server[\\/].*|opencode2[\\/].*)\.js$/.test(name))
    .map((name) => join(dist, name))
}
