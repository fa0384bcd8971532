import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { track } from "../support/children.ts"
import type { FaultAt } from "./worker.ts"

const WORKER = fileURLToPath(new URL(`./worker${import.meta.url.slice(-3)}`, import.meta.url))

/** A worker process that is ready to ask for a token. */
export class Child {
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(process: ChildProcess) {
    this.process = process
    if (process.stdout === null) throw new Error("no output")
    this.#lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  }

  static async start(
    folder: string,
    url: string,
    fault: FaultAt = "none",
    { instances = 1 }: { readonly instances?: number } = {},
  ): Promise<Child> {
    const args = [WORKER, folder, url, fault, String(instances)]
    const child = new Child(track(spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })))
    await child.line("ready")
    return child
  }

  go(): void {
    this.process.stdin?.write("go\n")
  }

  /** Waits for the next line; it must begin so. Gives the rest of it. */
  async line(beginning: string): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true || !value.startsWith(beginning))
      throw new Error(`wanted ${beginning}, got ${String(value)}`)
    return value.slice(beginning.length).trim()
  }

  async token(): Promise<string> {
    return this.line("token")
  }

  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    this.process.kill(name)
  }

  async exit(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit")
  }
}
