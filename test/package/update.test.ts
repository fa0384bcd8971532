import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { cpSync } from "node:fs"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { packageFolder } from "../support/opencode/index.ts"
import { linkFolder, startEnvironment } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const SCRIPT = join(import.meta.dirname, `update-process${extname(import.meta.filename)}`)

const MEANWHILE = {
  removed: "goes on, renews its token and signs in where dist/ is removed under it",
  rebuilt: "goes on, renews its token and signs in where dist/ is rebuilt under it",
  uninstalled: "goes on and renews its token where dist/ and all packages are removed under it",
  "removed before it": "is told to restart where dist/ was removed before that",
}

describe("a window that is open after its first message", () => {
  for (const [change, what] of Object.entries(MEANWHILE))
    it(what, (test) => {
      const [folder, home] = [temporaryFolder(), temporaryFolder()]
      const built = packageFolder()
      for (const name of ["dist", "package.json"])
        cpSync(join(built, name), join(folder, name), { recursive: true })
      if (!linkFolder(join(built, "node_modules"), join(folder, "node_modules"), test)) return
      const child = spawnSync(process.execPath, [SCRIPT, folder, change], {
        // A home of its own from the start, and no browser.
        env: { ...startEnvironment(), HOME: home, USERPROFILE: home, BROWSER: "true" },
        encoding: "utf8",
        timeout: 50_000,
      })
      assert.equal(child.status, 0, child.stdout + child.stderr)
      assert.match(child.stdout, /done/)
    })
})
