import { spawn, spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter, dirname, extname, join } from "node:path"
import type { AccountStore } from "../../src/accounts/index.ts"
import type { RunProgram } from "../../src/cli/doctor/finding.ts"
import { programRunner } from "../../src/cli/doctor/programs.ts"
import { runCommand } from "../../src/cli/run.ts"
import { createTerminal } from "../../src/cli/terminal.ts"
import { parseJson } from "../../src/json.ts"
import type { Place } from "../../src/settings/index.ts"
import { VERSION } from "../../src/version.ts"
import { openStore } from "../accounts/open-for-test.ts"
import { type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { createSandbox, type Sandbox } from "../support/opencode/index.ts"

/** A home with a fake Kiro, and the command in it. */
export interface Lab {
  readonly fake: FakeKiro
  readonly sandbox: Sandbox
  /** Programs that stand before all others on the PATH. */
  readonly bin: string
  run(...args: readonly string[]): Promise<Ran>
  runWith(options: RunOptions, ...args: readonly string[]): Promise<Ran>
  /** As a process of this runtime: for what only a process can show. */
  spawnWith(options: RunOptions, ...args: readonly string[]): Promise<Ran>
  /** The accounts, as another process has them. */
  openStore(): Promise<AccountStore>
  close(): Promise<void>
}

export interface RunOptions {
  /** Of a process alone, for root: the user that it runs as. */
  readonly uid?: number
  readonly environment?: Readonly<Record<string, string>>
  readonly directory?: string
  /** Of the terminal that it is called in; absent: a pipe. */
  readonly columns?: number
}

export const NOBODY = 65_534
const isRoot = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0
/** Given as a test's options: why it runs nothing as another user. */
export const needsRoot = { skip: !isRoot && "only root, with setpriv, becomes another user" }

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
  program(bin, "npm", { prints: VERSION })
  program(bin, "opencode", { prints: "1.18.33" })
  const callOf = (options: RunOptions, args: readonly string[]): Call => ({
    args,
    columns: options.columns,
    directory: options.directory ?? sandbox.project,
    env: {
      ...sandbox.environment,
      PATH: [bin, sandbox.environment["PATH"]].join(delimiter),
      ...options.environment,
    },
  })
  const runWith = (options: RunOptions, ...args: readonly string[]): Promise<Ran> =>
    runHere(callOf(options, args))
  return {
    fake,
    sandbox,
    bin,
    run: (...args) => runWith({}, ...args),
    runWith,
    spawnWith: (options, ...args) => runAsProcess(callOf(options, args), options.uid),
    openStore: async () => (await openStore({ path: join(sandbox.config, "kiro.db") })).store,
    async close() {
      await fake.close()
      sandbox.remove()
    },
  }
}

interface Script {
  /** One line. */
  readonly prints?: string
  /** A file that gets its arguments. */
  readonly tells?: string
  readonly code?: number
}

/** Of each file that `program` made. */
const scripts = new Map<string, Script>()

/** A program of the PATH, as npm makes one of a package: a few words of shell, or of the command interpreter. */
export function program(bin: string, name: string, script: Script): void {
  const { prints, tells, code = 0 } = script
  const isWindows = process.platform === "win32"
  const lines = isWindows
    ? [
        "@echo off",
        ...(tells === undefined ? [] : [`echo %*>"${tells}"`]),
        ...(prints === undefined ? [] : [`echo ${prints}`]),
        `exit /b ${code}`,
      ]
    : [
        "#!/bin/sh",
        ...(tells === undefined ? [] : [`echo "$@" > "${tells}"`]),
        ...(prints === undefined ? [] : [`echo '${prints}'`]),
        `exit ${code}`,
      ]
  const file = join(bin, isWindows ? `${name}.cmd` : name)
  writeFileSync(file, lines.map((line) => `${line}${isWindows ? "\r" : ""}\n`).join(""))
  chmodSync(file, 0o755)
  scripts.set(join(bin, name), script)
}

/** What `program` made is played where it stands first on the PATH: hundreds of processes would be most of these tests. */
function playing(place: Place): RunProgram {
  const started = programRunner(place)
  const [first = ""] = (place.env["PATH"] ?? "").split(delimiter)
  return async (name, args) => {
    const script = scripts.get(join(first, name))
    if (script === undefined) return started(name, args)
    if (script.tells !== undefined) writeFileSync(script.tells, `${args.join(" ")}\n`)
    const stdout = script.prints === undefined ? "" : `${script.prints}\n`
    return { outcome: "ended", code: script.code ?? 0, stdout }
  }
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

interface Call {
  readonly args: readonly string[]
  readonly columns: number | undefined
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
}

async function runHere({ args, columns, directory, env }: Call): Promise<Ran> {
  const printed = { out: "", err: "" }
  const terminal = createTerminal({
    stdout: {
      ...(columns !== undefined && { isTTY: true, columns }),
      write: (text) => (printed.out += text),
    },
    stderr: { write: (text) => (printed.err += text) },
    env,
  })
  const place = { env, platform: process.platform, home: env["HOME"] ?? "" }
  const code = await runCommand({ args, place, directory, terminal, run: playing(place) })
  return { code, ...printed, json: parseJson(printed.out) }
}

function runAsProcess({ args, directory, env }: Call, uid?: number): Promise<Ran> {
  const as = uid === undefined ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"]
  const [program = "", ...given] = [...as, process.execPath, MAIN, ...args]
  const child = spawn(program, given, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] })
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
