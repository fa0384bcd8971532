import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, it } from "node:test"
import { systemClock } from "../../../src/runtime.ts"
import { OLD_BUN } from "../old-bun.ts"
import { temporaryFolder } from "../temporary-folder.ts"
import { nodeTestArguments } from "./files.ts"
import { isolationNone } from "./node-program.ts"
import { runSuite } from "./run-suite.ts"
import { endStrays } from "./scratch.ts"

/** Holds the pipes that it was given until its parent is gone. */
const LINGERS = "process.stdin.resume()"

const onLinux = process.platform === "linux" ? {} : { skip: "only Linux tells what runs" }

describe("a run of tests that leaves a child behind", () => {
  it("ends all the same, and so does the child, also in a session of its own", onLinux, async () => {
    const scratch = temporaryFolder()
    const pidFile = join(scratch, "pid")
    const script = `
      const options = { detached: true, stdio: ["ignore", "inherit", "inherit"] }
      const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], options)
      require("node:fs").writeFileSync(${JSON.stringify(pidFile)}, String(child.pid))
      child.unref()
      console.log(" 1 pass\\n 0 fail")`
    const suite = { name: "a suite with a stray", program: process.execPath, args: ["-e", script], scratch }
    const { passed, failed } = await runSuite(suite)
    assert.deepEqual([passed, failed], [1, 0])
    const pid = Number(readFileSync(pidFile, "utf8"))
    assert.ok(isRunning(pid))
    assert.equal(endStrays(scratch).length, 1)
    while (isRunning(pid)) await systemClock.sleep(5)
    assert.deepEqual(endStrays(scratch), [])
  })

  // It is Node's own runner that waits for it.
  if (process.versions["bun"] === undefined)
    it("ends under Node while its pipes are open", () => {
      const { status, stdout } = runUnderNode(
        `it("leaves one", () => void spawn(process.execPath, ["-e", ${JSON.stringify(LINGERS)}]))`,
      )
      assert.match(stdout, /^ℹ pass 1$/m)
      assert.equal(status, 0)
    })
})

if (process.versions["bun"] === undefined)
  describe("a run of tests under Node in which nobody catches an error", () => {
    it("fails, and shows the error", () => {
      const { status, stdout } = runUnderNode(`it("throws late", async () => {
        setTimeout(() => { throw new Error("nobody caught it") }, 1)
        await new Promise((resolve) => setTimeout(resolve, 50))
      })`)
      assert.match(stdout, /nobody caught it/)
      assert.equal(status, 1)
    })

    it("leaves the hook alone that somebody else enabled before the runner", () => {
      const preload = `import { createHook } from "node:async_hooks"
        globalThis.seen = 0
        createHook({ init: () => (globalThis.seen += 1) }).enable()`
      const { status, stdout } = runUnderNode(
        `it("is followed", async () => {
          const before = globalThis.seen
          await Promise.resolve()
          if (globalThis.seen === before) throw new Error("nobody follows it")
        })`,
        preload,
      )
      assert.equal(status, 0, stdout)
    })
  })

/** One file of tests, as the suites are run. */
function runUnderNode(
  test: string,
  preload = "",
): { readonly status: number | null; readonly stdout: string } {
  const folder = temporaryFolder()
  const write = (name: string, text: string): void => {
    const file = join(folder, "build", "test", name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const untracked = new URL("../untracked.js", import.meta.url).href
  write("support/untracked.js", `import ${JSON.stringify(untracked)}`)
  write("support/fixed-seed.js", preload)
  write("support/no-proxy.js", "")
  write("package.json", '{ "type": "module" }')
  write("one.test.js", `import { spawn } from "node:child_process"\nimport { it } from "node:test"\n${test}`)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return spawnSync(process.execPath, nodeTestArguments(isolationNone(process.execPath), ["one.test.ts"]), {
    cwd: folder,
    encoding: "utf8",
    env,
    timeout: 120_000,
  })
}

// It is Bun's own runner that writes otherwise there.
if (process.versions["bun"] !== undefined)
  describe("a run of tests on GitHub", () => {
    it("says as anywhere else which tests of which file passed", async () => {
      const file = "test/leaves/secret.test.ts"
      const before = process.env["GITHUB_ACTIONS"]
      process.env["GITHUB_ACTIONS"] = "true"
      try {
        const suite = { name: "a suite", program: process.execPath, args: ["test", `./${file}`] }
        const { tests } = await runSuite({ ...suite, scratch: temporaryFolder() })
        assert.ok(tests.length > 0)
        for (const test of tests) assert.equal(test.file, file)
      } finally {
        if (before === undefined) delete process.env["GITHUB_ACTIONS"]
        else process.env["GITHUB_ACTIONS"] = before
      }
    })
  })

if (process.versions["bun"] !== undefined)
  describe("a file of tests", () => {
    it("reaches this computer, though the shell names a proxy for the world", { skip: OLD_BUN }, () => {
      const { status, stderr } = spawnSync(
        process.execPath,
        ["test", "./test/leaves/proxy.test.ts", "--test-name-pattern", "takes a 407"],
        { encoding: "utf8", env: { ...process.env, HTTP_PROXY: "http://127.0.0.1:9" } },
      )
      assert.equal(status, 0, stderr)
    })
  })

/** One that has ended and that nobody has asked about is still listed, as a zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
  } catch {
    return false
  }
}
