import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import type { JsonObject } from "../../src/json.ts"
import { npm, npmNeedsShell } from "../support/npm.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { type OpencodeServer, packageFolder } from "../support/opencode/index.ts"
import { NOBODY, openServerStage } from "./setup.ts"

const registry = spawnSync("npm", ["ping"], { timeout: 20_000, shell: npmNeedsShell })
const ONLINE = registry.status === 0 ? {} : { skip: "no package registry answers" }

describe("OpenCode's own installer", ONLINE, () => {
  let folder: string
  let packed: string
  let server: OpencodeServer
  before(async () => {
    folder = temporaryFolder()
    npm(["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: packageFolder() })
    packed = join(folder, readdirSync(folder)[0] ?? "")
    ;({ server } = await openServerStage(NOBODY))
  })
  after(() => server.listPlugins([packageFolder()]))

  const modelsOf = async (tarball: string): Promise<ReadonlyMap<string, JsonObject>> => {
    await server.listPlugins([`opencode-kiro-auth@file:${tarball}`])
    return server.models()
  }

  it("takes the packed package, with its dependencies, and its models are there", async () => {
    const models = await modelsOf(packed)
    assert.ok(models.has("claude-sonnet-4-5"))
    assert.ok(models.has("claude-haiku-4-5"))
  })

  it("leaves out a package made for another OpenCode, so that `engines` really was judged", async () => {
    execFileSync("tar", ["-xzf", packed, "-C", folder])
    const path = join(folder, "package", "package.json")
    const manifest = JSON.parse(readFileSync(path, "utf8")) as object
    const changed = { ...manifest, engines: { opencode: ">=99" }, dependencies: {}, scripts: {} }
    writeFileSync(path, JSON.stringify(changed))
    const tarball = join(folder, "changed.tgz")
    execFileSync("tar", ["-czf", tarball, "-C", folder, "package"])
    assert.deepEqual([...(await modelsOf(tarball)).keys()], [])
  })
})
