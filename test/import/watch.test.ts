import assert from "node:assert/strict"
import { mkdirSync, rmSync, symlinkSync } from "node:fs"
import { dirname } from "node:path"
import { describe, it } from "node:test"
import { watchSources } from "../../src/import/index.ts"
import { fakeClock } from "../support/clock.ts"
import { cliDatabase, putCliRow, socialToken, sourcesOf, sqlite, writeCliStore } from "./stores.ts"
import { needsLinks } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("the watch over other programs' stores", () => {
  it("sees a login in kiro-cli once, and looks no more often than every five seconds", async () => {
    const home = temporaryFolder()
    const clock = fakeClock()
    const haveChanged = watchSources(sourcesOf(home), clock)
    await writeCliStore(cliDatabase(home), {})
    assert.equal(haveChanged(), false)
    clock.advance(5000)
    assert.equal(haveChanged(), true)
    clock.advance(5000)
    assert.equal(haveChanged(), false)
    await sqlite(cliDatabase(home), (database) => putCliRow(database, "kirocli:social:token", socialToken))
    clock.advance(5000)
    assert.equal(haveChanged(), true)
  })

  it("goes on where a store can't be looked at", needsLinks, async () => {
    const home = temporaryFolder()
    const folder = dirname(cliDatabase(home))
    mkdirSync(dirname(folder), { recursive: true })
    symlinkSync(folder, folder)
    const clock = fakeClock()
    const haveChanged = watchSources(sourcesOf(home), clock)
    clock.advance(5000)
    assert.equal(haveChanged(), false)
    rmSync(folder)
    await writeCliStore(cliDatabase(home), {})
    clock.advance(5000)
    assert.equal(haveChanged(), true)
  })
})
