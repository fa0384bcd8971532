import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { cpSync } from "node:fs"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { packageFolder } from "../support/opencode/index.ts"
import { linkFolder, startEnvironment } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const SCRIPT = join(import.meta.dirname, `opencode2-process${extname(import.meta.filename)}`)

describe("the built package, resolved and loaded as OpenCode 2 does", () => {
  const works = "two locations, a reload, and nothing left open when it is unloaded"
  for (const [as, name, what] of [
    ["directory", "a folder with # and 100 % spaces", works],
    ["package", "node_modules/opencode-kiro-auth", works],
    ["removed", "before the first message", "its user is told once to restart"],
  ] as const)
    it(`${as}: ${what}`, (test) => {
      const built = packageFolder()
      const [root, home] = [temporaryFolder(), temporaryFolder()]
      const folder = join(root, name)
      for (const part of ["dist", "package.json", "server.js", "tui.js"])
        cpSync(join(built, part), join(folder, part), { recursive: true })
      if (!linkFolder(join(built, "node_modules"), join(folder, "node_modules"), test)) return
      const child = spawnSync(process.execPath, [SCRIPT, folder, as], {
        env: { ...startEnvironment(), HOME: home, USERPROFILE: home, BROWSER: "true" },
        encoding: "utf8",
        timeout: 50_000,
      })
      assert.equal(child.signal, null, `it had to be stopped: ${child.stdout}${child.stderr}`)
      assert.equal(child.status, 0, child.stderr)
      assert.match(child.stdout, /done/)
    })
})
