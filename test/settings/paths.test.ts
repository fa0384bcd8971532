import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, it } from "node:test"
import { followSettings, loadSettings, pathsFor, type Place } from "../../src/settings/index.ts"
import { projectSettingsFiles } from "../../src/settings/paths.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("the paths", () => {
  it("follow XDG_CONFIG_HOME, else ~/.config, beside OpenCode's own files", () => {
    const usual = pathsFor({ env: {}, platform: "linux", home: "/home/u" })
    assert.equal(usual.settingsFile, "/home/u/.config/opencode/kiro.json")
    assert.equal(usual.database, "/home/u/.config/opencode/kiro.db")
    assert.equal(usual.log, "/home/u/.local/share/opencode/log/kiro.log")
    assert.equal(usual.authFile, "/home/u/.local/share/opencode/auth.json")
    const set = { XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "/d" }
    const moved = pathsFor({ env: set, platform: "darwin", home: "/Users/u" })
    assert.equal(moved.settingsFile, "/c/opencode/kiro.json")
    assert.equal(moved.log, "/d/opencode/log/kiro.log")
    assert.deepEqual(moved.settingsFiles, [moved.settingsFile])
  })

  it("name both places on Windows, and write beside an older plugin's files", () => {
    const env = { APPDATA: String.raw`C:\Users\u\AppData\Roaming` }
    const paths = pathsFor({ env, platform: "win32", home: String.raw`C:\Users\u` })
    assert.deepEqual(paths.settingsFiles, [
      String.raw`C:\Users\u\AppData\Roaming\opencode\kiro.json`,
      String.raw`C:\Users\u\.config\opencode\kiro.json`,
    ])
    assert.equal(paths.database, String.raw`C:\Users\u\AppData\Roaming\opencode\kiro.db`)
    const without = pathsFor({ env: {}, platform: "win32", home: String.raw`C:\Users\u` })
    assert.deepEqual(without.settingsFiles, [String.raw`C:\Users\u\.config\opencode\kiro.json`])
  })

  it("of a project go from its root to where OpenCode was started, however Windows spells them", () => {
    const at = (directory: string, worktree: string): readonly string[] =>
      projectSettingsFiles("win32", { directory, worktree })
    const files = [String.raw`C:\Code\a\.opencode\kiro.json`, String.raw`C:\Code\a\b\.opencode\kiro.json`]
    for (const root of ["C:\\Code\\a", "c:\\code\\A", "c:/code/a"])
      assert.deepEqual(at(String.raw`C:\Code\a\b`, root), files)
    assert.deepEqual(at(String.raw`C:\Code\a\b`, "/"), files.slice(1))
    assert.deepEqual(at("X:\\src", "x:/"), ["X:\\.opencode\\kiro.json", "X:\\src\\.opencode\\kiro.json"])
    assert.deepEqual(at("C:\\src", "/"), ["C:\\src\\.opencode\\kiro.json"])
    const linux = { directory: "/code/a/b", worktree: "/code/A" }
    assert.deepEqual(projectSettingsFiles("linux", linux), ["/code/a/b/.opencode/kiro.json"])
  })

  /** Windows' separators name plain files here; what matters is which are read. */
  const onWindows = async (
    look: (place: Place, files: readonly [string, string]) => Promise<void>,
  ): Promise<void> => {
    const place = { env: { APPDATA: "appdata" }, platform: "win32", home: "home" }
    const [appData = "", config = ""] = pathsFor(place).settingsFiles
    const before = process.cwd()
    process.chdir(temporaryFolder())
    try {
      mkdirSync("home")
      // Where these are separators, the folders are there.
      for (const file of [appData, config]) mkdirSync(dirname(file), { recursive: true })
      await look(place, [appData, config])
    } finally {
      process.chdir(before)
    }
  }

  it("are read on Windows both, OpenCode's own folder over %APPDATA%", () =>
    onWindows(async (place, [appData, config]) => {
      writeFileSync(appData, JSON.stringify({ rate_limit_max_retries: 1, max_request_iterations: 50 }))
      writeFileSync(config, JSON.stringify({ rate_limit_max_retries: 2 }))
      const { settings } = await loadSettings(place)
      assert.deepEqual([settings.rateLimitMaxRetries, settings.maxRequestIterations], [2, 50])
    }))

  it("are followed on Windows both", () =>
    onWindows(async (place, files) => {
      const current = followSettings(place)
      for (const [index, file] of files.entries()) {
        await current()
        writeFileSync(file, JSON.stringify({ daily_credit_budget: index + 1 }))
        assert.equal((await current()).dailyCreditBudget, index + 1)
      }
    }))
})
