import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { median, type BenchCase } from "../harness.ts"

const ROW = "import, server() and config(), over an empty plugin"
const STARTS = 5

/** The start of the built package in a process of its own, whose home is empty. Build it first. */
export function start(): BenchCase {
  return {
    name: "start",
    rounds: 5,
    limits: { [ROW]: { atMost: 30 } },
    async round() {
      const home = await mkdtemp(join(tmpdir(), "kiro-bench-"))
      const more: number[] = []
      for (let time = 0; time < STARTS; time++) {
        const empty = await startMs(new URL("../empty-plugin.ts", import.meta.url), home)
        more.push((await startMs(new URL("../../dist/index.js", import.meta.url), home)) - empty)
      }
      await rm(home, { recursive: true, force: true })
      return [{ row: ROW, unit: "ms", ours: median(more) }]
    },
  }
}

async function startMs(plugin: URL, home: string): Promise<number> {
  const starter = new URL("../start-plugin.ts", import.meta.url)
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(starter), fileURLToPath(plugin)],
    { cwd: home, env },
  )
  return Number(stdout)
}
