import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, it } from "node:test"
import { startHost } from "../../src/host/index.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("what a host opens", () => {
  it("ends in order also where it can't be opened", async () => {
    const home = temporaryFolder()
    const place = { env: {}, platform: "linux", home }
    const { settingsFile } = pathsFor(place)
    mkdirSync(dirname(settingsFile), { recursive: true })
    writeFileSync(settingsFile, '{"log_level":5}')
    const show = (): never => {
      throw new Error("nowhere to show it")
    }
    const project = { directory: home, worktree: home }
    const host = startHost({ place, project, version: "0.0.0", show })
    const failed = assert.rejects(host.services(), /nowhere to show it/)
    await host.close()
    await failed
  })
})
