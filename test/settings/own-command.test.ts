import assert from "node:assert/strict"
import { existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { delimiter, join, relative } from "node:path"
import { describe, it } from "node:test"
import { ownCommand, ownFolder } from "../../src/settings/index.ts"
import { needsLinks } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("how this installation's command is run", () => {
  const root = ownFolder() ?? ""

  it("is by its own file, never by a name that may be somebody else's", () => {
    assert.equal(realpathSync(root), realpathSync(process.cwd()))
    for (const path of [undefined, "", ["/usr/bin", "relative"].join(delimiter)]) {
      const command = ownCommand({ path, program: "node" })
      assert.match(command, /^(?:node|bun) "?.*main\.[jt]s"?$/)
      assert.ok(command.includes(root))
    }
  })

  it(
    "is with what there is to run it: Node, Bun, or OpenCode's own program",
    { skip: !existsSync("dist/cli/main.js") && "needs a build" },
    () => {
      const bin = temporaryFolder()
      const runs = (): string => ownCommand({ path: bin }).replace(/ [^ ]*main\.js"?$/, "")
      const ending = process.platform === "win32" ? ".exe" : ""
      const found = ["", "opencode", "bun", "node"].map((program) => {
        if (program !== "") writeFileSync(join(bin, `${program}${ending}`), "")
        return runs()
      })
      const asBun = process.platform === "win32" ? "set BUN_BE_BUN=1&& opencode" : "BUN_BE_BUN=1 opencode"
      assert.deepEqual(found, ["node", asBun, "bun", "node"])
    },
  )

  it("is by its name where the PATH has that, and it leads here", needsLinks, () => {
    const bin = temporaryFolder()
    symlinkSync(join(root, "package.json"), join(bin, "opencode-kiro-auth"))
    assert.equal(ownCommand({ path: ["/usr/bin", bin].join(delimiter) }), "opencode-kiro-auth")
    // A folder that is named from where one stands is another one elsewhere.
    assert.notEqual(ownCommand({ path: relative(process.cwd(), bin) }), "opencode-kiro-auth")
    const other = temporaryFolder()
    symlinkSync("/bin/sh", join(other, "opencode-kiro-auth"))
    assert.notEqual(ownCommand({ path: other }), "opencode-kiro-auth")
    // What npm puts there while a script runs is gone afterwards.
    const scripts = join(temporaryFolder(), "node_modules", ".bin")
    mkdirSync(scripts, { recursive: true })
    symlinkSync(join(root, "package.json"), join(scripts, "opencode-kiro-auth"))
    assert.notEqual(ownCommand({ path: scripts }), "opencode-kiro-auth")
  })
})
