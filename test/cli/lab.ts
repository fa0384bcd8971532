import { spawn } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, extname, join } from "node:path"
import { parseJson } from "../../src/json.ts"
import { VERSION } from "../../src/version.ts"
import { type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { createSandbox, type Sandbox } from "../support/opencode/index.ts"

/** A home with a fake Kiro, and the command as a process of this runtime in it. */
export interface Lab {
  readonly fake: FakeKiro
  readonly sandbox: Sandbox
  /** Programs that stand before all others on the PATH. */
  readonly bin: string
  run(...args: readonly string[]): Promise<Ran>
  runWith(options: RunOptions, ...args: readonly string[]): Promise<Ran>
  close(): Promise<void>
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
}

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** What `--json` printed. */
  readonly json: unknown
}

/** OpenCode's configuration lists the plugin by the path of this repository, which is built or looks so. */
export async function openLab(): Promise<Lab> {
  const fake = await startFakeKiro()
  const sandbox = createSandbox({ endpoint: fake.url, config: { plugin: ["./plugin"] } })
  const bin = join(sandbox.root, "bin")
  mkdirSync(bin)
  writePlugin(join(sandbox.config, "plugin"), VERSION)
  program(bin, "npm", `echo ${VERSION}`)
  program(bin, "opencode", "echo 1.18.33")
  const runWith = (options: RunOptions, ...args: readonly string[]): Promise<Ran> =>
    runCommand({ sandbox, bin, args, options })
  return {
    fake,
    sandbox,
    bin,
    run: (...args) => runWith({}, ...args),
    runWith,
    async close() {
      await fake.close()
      sandbox.remove()
    },
  }
}

/** A program of the PATH that is a few words of shell. */
export function program(bin: string, name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(bin, name), 0o755)
}

/** What a built plugin looks like from outside. */
export function writePlugin(folder: string, version: string, name = "opencode-kiro-auth"): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version, main: "./index.js" }))
  writeFileSync(join(folder, "index.js"), "export default {}\n")
}

/** The command's own file: the source under Bun, what it was compiled to under Node. */
export const MAIN: string = join(
  dirname(import.meta.filename),
  `../../src/cli/main${extname(import.meta.filename)}`,
)

function runCommand(call: {
  readonly sandbox: Sandbox
  readonly bin: string
  readonly args: readonly string[]
  readonly options: RunOptions
}): Promise<Ran> {
  const { sandbox, bin, args, options } = call
  const { PATH = "", ...environment } = sandbox.environment
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.directory ?? sandbox.project,
    env: {
      ...environment,
      PATH: `${bin}:${PATH}`,
      TZ: "UTC",
      LANG: "en_GB.UTF-8",
      ...options.environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const printed = { out: "", err: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.err += text))
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, ...printed, json: parseJson(printed.out) }))
  })
}

export function editJson(path: string, change: (document: Record<string, unknown>) => object): void {
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>) : {}
  writeFileSync(path, JSON.stringify(change(before)))
}
