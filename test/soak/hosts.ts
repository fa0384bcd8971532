import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { Report } from "./host.ts"

const HOST = fileURLToPath(new URL("./host.ts", import.meta.url))

/** What all hosts reported so far. */
export interface Tally {
  readonly ends: Map<string, number>
  /** What the hosts were told, with how often. */
  readonly words: Map<string, number>
  readonly wrong: string[]
  /** By process: the first reading after its warm-up, and the latest, in bytes. */
  readonly memory: Map<number, { first: number; latest: number; readings: number }>
  killed: number
}

/** Readings of a process that has just begun say nothing of what it keeps. */
const WARM_UP_READINGS = 12

export class Hosts {
  readonly tally: Tally = { ends: new Map(), words: new Map(), wrong: [], memory: new Map(), killed: 0 }
  readonly #running = new Set<ChildProcess>()
  readonly #folder: string
  readonly #env: Record<string, string>
  #begun = 0
  #ending = false

  constructor(folder: string, env: Record<string, string>) {
    this.#folder = folder
    this.#env = env
  }

  start(version: 1 | 2): void {
    this.#begun += 1
    const child = spawn(process.execPath, [HOST, this.#folder, String(this.#begun), String(version)], {
      cwd: this.#folder,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.#running.add(child)
    createInterface({ input: child.stdout }).on("line", (line) => this.#hear(child, line))
    createInterface({ input: child.stderr }).on("line", (line) => this.tally.wrong.push(`stderr: ${line}`))
    child.on("exit", (code, signal) => {
      this.#running.delete(child)
      if (this.#ending) return
      if (signal !== "SIGKILL") this.tally.wrong.push(`a host ended by itself with ${code ?? signal}`)
      this.start(version)
    })
  }

  /** One of them dies, at whatever it was doing; another takes its place. The two oldest live on, to be measured. */
  kill(): void {
    const child = [...this.#running].at(-1)
    this.tally.killed += child?.kill("SIGKILL") === true ? 1 : 0
  }

  end(): void {
    this.#ending = true
    for (const child of this.#running) child.kill("SIGKILL")
  }

  #hear(child: ChildProcess, line: string): void {
    const report = JSON.parse(line) as Report
    const { ends, words, wrong, memory } = this.tally
    switch (report.is) {
      case "end": {
        count(ends, report.end)
        // Accounts, times and numbers differ; what was said does not.
        if (report.words !== undefined) count(words, report.words.replaceAll(/··\w+|\d+(?=[^\d ])/g, "…"))
        return
      }
      case "wrong":
        wrong.push(report.what)
        return
      case "memory": {
        const pid = child.pid ?? 0
        const { first, readings } = memory.get(pid) ?? { first: report.bytes, readings: 0 }
        const warm = readings < WARM_UP_READINGS ? report.bytes : first
        memory.set(pid, { first: warm, latest: report.bytes, readings: readings + 1 })
        return
      }
      default:
        report satisfies never
    }
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
