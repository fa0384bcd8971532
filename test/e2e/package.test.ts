import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { npm, npmNeedsShell } from "../support/npm.ts"
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
  it("takes the packed package, with its dependencies, and its models are there", () =>
    withSandbox(async (sandbox) => {
      const { text } = await listModels(sandbox, pack(packageFolder(), sandbox))
      assert.match(text, /^kiro\/claude-sonnet-4-5$/m)
      assert.match(text, /^kiro\/claude-haiku-4-5$/m)
    }))

  it("leaves out a package made for another OpenCode, so that `engines` really was judged", () =>
    withSandbox(async (sandbox) => {
      const folder = unpack(pack(packageFolder(), sandbox), sandbox)
      const path = join(folder, "package.json")
      const manifest = JSON.parse(readFileSync(path, "utf8")) as object
      const changed = { ...manifest, engines: { opencode: ">=99" }, dependencies: {}, scripts: {} }
      writeFileSync(path, JSON.stringify(changed))
      const { text } = await listModels(sandbox, pack(folder, sandbox))
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

/** The tarball of a folder, in a folder of its own. */
function pack(folder: string, { root }: Sandbox): string {
  const destination = join(root, `pack-${readdirSync(root).length}`)
  mkdirSync(destination)
  npm(["pack", "--silent", "--ignore-scripts", "--pack-destination", destination], { cwd: folder })
  return join(destination, readdirSync(destination)[0] ?? "")
}

function unpack(tarball: string, { root }: Sandbox): string {
  execFileSync("tar", ["-xzf", tarball, "-C", root])
  return join(root, "package")
}

function listModels(sandbox: Sandbox, tarball: string): ReturnType<typeof runOpencode> {
  writeJson(join(sandbox.config, "opencode.json"), { plugin: [`opencode-kiro-auth@file:${tarball}`] })
  return runOpencode(sandbox, ["models", "kiro"])
}
