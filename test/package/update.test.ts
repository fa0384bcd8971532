import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { cpSync, symlinkSync } from "node:fs"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { packageFolder } from "../support/opencode/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const SCRIPT = join(import.meta.dirname, `update-process${extname(import.meta.filename)}`)

describe("a window that is open after its first message", () => {
  for (const change of ["removed", "rebuilt"])
    it(`goes on, renews its token and signs in where dist/ is ${change} under it`, () => {
      const [folder, home] = [temporaryFolder(), temporaryFolder()]
      const built = packageFolder()
      for (const name of ["dist", "package.json"])
        cpSync(join(built, name), join(folder, name), { recursive: true })
      symlinkSync(join(built, "node_modules"), join(folder, "node_modules"), "junction")
      const child = spawnSync(process.execPath, [SCRIPT, folder, change], {
        // A home of its own from the start, and no browser.
        env: { PATH: process.env["PATH"] ?? "", HOME: home, USERPROFILE: home, BROWSER: "true" },
        encoding: "utf8",
        timeout: 50_000,
      })
      assert.equal(child.status, 0, child.stdout + child.stderr)
      assert.match(child.stdout, /done/)
    })
})
