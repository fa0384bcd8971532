import { spawnSync } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { opencodeBinary } from "./program.ts"
import type { Sandbox } from "./sandbox.ts"

const ROWS = 45
const LOOK_AGAIN_MS = 250
/** OpenCode's terminal UI takes seconds to start, on a busy machine many. */
const PATIENCE_MS = 120_000

export function hasTmux(): boolean {
  return spawnSync("tmux", ["-V"]).status === 0
}

/** OpenCode's terminal UI in a terminal whose screen can be looked at, as tmux draws it. */
export class Screen {
  readonly #sandbox: Sandbox

  constructor(sandbox: Sandbox, columns: number, command: readonly string[] = [opencodeBinary()]) {
    this.#sandbox = sandbox
    const size = ["-x", String(columns), "-y", String(ROWS)]
    this.#tmux(["-f", "/dev/null", "new-session", "-d", ...size, ...command])
  }

  /** The lines that are on the screen now. */
  lines(): readonly string[] {
    const lines = this.#tmux(["capture-pane", "-p"]).split("\n")
    return lines.map((line) => line.trimEnd())
  }

  /** Waits until the screen shows it; gives the screen. */
  async shows(pattern: RegExp, timeoutMs: number = PATIENCE_MS): Promise<string> {
    return this.until((text) => pattern.test(text), String(pattern), timeoutMs)
  }

  async hides(pattern: RegExp, timeoutMs: number = PATIENCE_MS): Promise<string> {
    return this.until((text) => !pattern.test(text), `no ${String(pattern)}`, timeoutMs)
  }

  /** Keys by their names, such as `Enter`. */
  press(...keys: readonly string[]): void {
    this.#tmux(["send-keys", ...keys])
  }

  type(text: string): void {
    this.#tmux(["send-keys", "-l", text])
  }

  resize(columns: number): void {
    this.#tmux(["resize-window", "-x", String(columns), "-y", String(ROWS)])
  }

  close(): void {
    this.#tmux(["kill-server"])
  }

  async until(
    good: (text: string) => boolean,
    wanted: string,
    timeoutMs: number = PATIENCE_MS,
  ): Promise<string> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const text = this.lines().join("\n")
      if (good(text)) return text
      if (Date.now() > deadline) throw new Error(`the screen never showed ${wanted}:\n${text}`)
      await sleep(LOOK_AGAIN_MS)
    }
  }

  /** A server of its own, whose socket is in the sandbox. */
  #tmux(args: readonly string[]): string {
    const { environment, project, root } = this.#sandbox
    const { stdout } = spawnSync("tmux", ["-S", `${root}/tmux`, ...args], {
      cwd: project,
      env: { ...environment, LANG: "C.UTF-8" },
      encoding: "utf8",
    })
    return stdout
  }
}
