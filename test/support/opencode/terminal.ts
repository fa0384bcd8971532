import { spawn, spawnSync, type ChildProcess } from "node:child_process"
import { opencodeBinary } from "./program.ts"
import { ended, withoutColours } from "./run.ts"
import type { Sandbox } from "./sandbox.ts"

/** Keys as a terminal sends them. */
export const KEYS = {
  enter: "\r",
  down: "\u001B[B",
  up: "\u001B[A",
  escape: "\u001B",
  interrupt: "\u0003",
} as const

/** Whether this machine has util-linux's `script`, which gives a program a terminal. */
export function hasTerminal(): boolean {
  return spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true
}

/** `opencode …` in a terminal of its own: for what asks questions, such as `auth login`. */
export class Terminal {
  /** Everything shown so far, without colours. */
  screen = ""
  readonly #child: ChildProcess
  readonly #changed = new Set<() => void>()
  /** How much of the screen `waitFor` has found so far. */
  #seen = 0

  constructor(
    sandbox: Sandbox,
    args: readonly string[],
    size: { readonly columns: number; readonly rows: number },
  ) {
    const command = [opencodeBinary(), ...args].map(quote).join(" ")
    const inside = `stty rows ${size.rows} cols ${size.columns}; exec ${command}`
    this.#child = spawn("script", ["-q", "-e", "-f", "-c", inside, "/dev/null"], {
      cwd: sandbox.project,
      env: { ...sandbox.environment, SHELL: "/bin/sh" },
      stdio: ["pipe", "pipe", "inherit"],
    })
    this.#child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.screen += withoutColours(chunk)
      for (const changed of this.#changed) changed()
    })
  }

  /** Waits until the screen has shown this, after what the last `waitFor` found. */
  async waitFor(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpMatchArray> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const found = this.screen.slice(this.#seen).match(pattern)
      if (found !== null) {
        this.#seen += (found.index ?? 0) + found[0].length
        return found
      }
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`the terminal never showed ${String(pattern)}:\n${this.screen}`)
      await this.#change(left)
    }
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  async ended(timeoutMs = 30_000): Promise<number | null> {
    return this.#child.exitCode ?? ended(this.#child, timeoutMs)
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = ended(this.#child, 2_000)
    this.#child.kill()
    await gone
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#changed.delete(done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.#changed.add(done)
    })
  }
}

export function openTerminal(
  sandbox: Sandbox,
  args: readonly string[],
  size: { readonly columns: number; readonly rows: number } = { columns: 120, rows: 40 },
): Terminal {
  return new Terminal(sandbox, args, size)
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`
