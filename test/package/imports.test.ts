import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { promisify } from "node:util"

const OURS = extname(import.meta.filename)
const SOURCE = join(import.meta.dirname, "..", "..", "src")

/** The command runs when it is imported; the terminal UI's files need the host's own packages. */
const NOT_IMPORTED = /^cli[\\/]main\.|^tui[\\/](?:tui|panel)\./

/** Bun keeps a cache of what it compiled in the home folder unless told not to. */
const ENVIRONMENT = { PATH: process.env["PATH"], BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" }

describe("importing", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(OURS) && !NOT_IMPORTED.test(name))
    .map((name) => join(SOURCE, name))

  it("any file makes no file, timer, listener or connection, and lets the process end", async () => {
    assert.ok(files.length > 200)
    const home = mkdtempSync(join(tmpdir(), "kiro-imports-"))
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(import.meta.dirname, `import-process${OURS}`), ...files],
        { cwd: home, env: { ...ENVIRONMENT, HOME: home, USERPROFILE: home }, timeout: 30_000 },
      )
      assert.equal(stdout.trim(), "[]")
      assert.deepEqual(readdirSync(home), [])
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })

  it("the package gives one value, a plugin module", async () => {
    const entry: object = await import(join(SOURCE, `index${OURS}`))
    assert.deepEqual(Object.keys(entry), ["default"])
  })
})
