import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { extname, join } from "node:path"
import { track } from "../support/children.ts"
import type { Task } from "./store-process.ts"

export interface Process {
  /** Ends its stdin, until when it holds what it holds. */
  release(): void
  /** Resolves when the task is done; rejects with what the process printed where it failed. */
  readonly done: Promise<void>
}

/** Starts a process of this runtime, and resolves when its task has begun. */
export async function start(
  task: Task,
  { mostHandles }: { readonly mostHandles?: number } = {},
): Promise<Process> {
  const { filename, dirname } = import.meta
  const script = join(dirname, `store-process${extname(filename)}`)
  const program = [process.execPath, script, JSON.stringify(task)]
  const limited = ["sh", "-c", `ulimit -n ${mostHandles}; exec "$0" "$@"`, ...program]
  const [command = "", ...args] = mostHandles === undefined ? program : limited
  const child = track(spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] }))
  const done = finished(child)
  await Promise.race([once(child.stdout, "data"), done])
  return { done, release: () => child.stdin.end() }
}

async function finished(child: ChildProcess): Promise<void> {
  const errors: string[] = []
  child.stderr?.on("data", (chunk: unknown) => errors.push(String(chunk)))
  await once(child, "close")
  const printed = errors.join("")
  if (child.exitCode !== 0 || printed.includes("store-trouble"))
    throw new Error(`the process ended with ${child.exitCode}: ${printed}`)
}
