import { spawn, type ChildProcess } from "node:child_process"
import { opencodeBinary } from "./program.ts"
import type { Sandbox } from "./sandbox.ts"

export interface RunOptions {
  readonly timeoutMs?: number
  readonly environment?: Readonly<Record<string, string>>
  /** Another OpenCode than that of the development dependency. */
  readonly program?: string | undefined
}

export interface RunResult {
  /** `null` where it was stopped by the time limit. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both, in the order in which they came, without colours. */
  readonly text: string
}

/** `opencode …` to its end. */
export async function runOpencode(
  sandbox: Sandbox,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const child = spawnOpencode(sandbox, args, options.environment, options.program)
  const output = { stdout: "", stderr: "", text: "" }
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (chunk: string) => {
      output[name] += chunk
      output.text += withoutColours(chunk)
    })
  const code = await ended(child, options.timeoutMs ?? 150_000)
  return { code, ...output }
}

export function spawnOpencode(
  sandbox: Sandbox,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  opencode: string = opencodeBinary(),
): ChildProcess {
  const [program = "", ...words] = [...sandbox.commandPrefix, opencode, ...args]
  return spawn(program, words, {
    cwd: sandbox.project,
    env: { ...sandbox.environment, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })
}

/** The exit code, or `null` after the time limit. */
export function ended(child: ChildProcess, timeoutMs: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs)
    child.once("error", reject)
    child.once("close", (code) => {
      clearTimeout(timer)
      resolve(code)
    })
  })
}

export function withoutColours(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001B(?:\[[0-9;?]*[A-Za-z]|\][^\u0007]*\u0007|[()][A-Z0-9])/g, "")
}
