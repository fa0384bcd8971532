import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { before, describe, it } from "node:test"
import { npm, npmNeedsShell } from "../support/npm.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import {
  createSandbox,
  packageFolder,
  runOpencode,
  type Sandbox,
  writeJson,
} from "../support/opencode/index.ts"

const registry = spawnSync("npm", ["ping"], { timeout: 20_000, shell: npmNeedsShell })
const ONLINE = registry.status === 0 ? {} : { skip: "no package registry answers" }

describe("OpenCode's own installer", ONLINE, () => {
  let folder: string
  let packed: string
  before(() => {
    folder = temporaryFolder()
    npm(["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: packageFolder() })
    packed = join(folder, readdirSync(folder)[0] ?? "")
  })

  it("takes the packed package, with its dependencies, and its models are there", () =>
    withSandbox(async (sandbox) => {
      const { text } = await listModels(sandbox, packed)
      assert.match(text, /^kiro\/claude-sonnet-4-5$/m)
      assert.match(text, /^kiro\/claude-haiku-4-5$/m)
    }))

  it("leaves out a package made for another OpenCode, so that `engines` really was judged", () =>
    withSandbox(async (sandbox) => {
      execFileSync("tar", ["-xzf", packed, "-C", folder])
      const path = join(folder, "package", "package.json")
      const manifest = JSON.parse(readFileSync(path, "utf8")) as object
      const changed = { ...manifest, engines: { opencode: ">=99" }, dependencies: {}, scripts: {} }
      writeFileSync(path, JSON.stringify(changed))
      const tarball = join(folder, "changed.tgz")
      execFileSync("tar", ["-czf", tarball, "-C", folder, "package"])
      const { text } = await listModels(sandbox, tarball)
      assert.match(text, /Provider not found: kiro/)
    }))
})

async function withSandbox(test: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = createSandbox({ config: {} })
  try {
    await test(sandbox)
  } finally {
    sandbox.remove()
  }
}

function listModels(sandbox: Sandbox, tarball: string): ReturnType<typeof runOpencode> {
  writeJson(join(sandbox.config, "opencode.json"), { plugin: [`opencode-kiro-auth@file:${tarball}`] })
  return runOpencode(sandbox, ["models", "kiro"])
}
