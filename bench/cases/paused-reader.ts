import { execFile } from "node:child_process"
import { once } from "node:events"
import { promisify } from "node:util"
import { textAnswer } from "../frames.ts"
import type { BenchCase } from "../harness.ts"
import { serve } from "../server.ts"

const ROW = "peak growth over a 100 MB answer, reader paused"
const BYTES = 100_000_000

/** Memory of a process of its own that reads a long answer, pauses on the way and reads on. */
export function pausedReader(): BenchCase {
  const part = textAnswer(1_000_000, 400)
  return {
    name: "paused reader",
    rounds: 3,
    limits: { [ROW]: { timesFloor: 1.3 } },
    async round() {
      await using server = await serve((response) => {
        const gone = once(response, "close")
        void (async () => {
          for (let sent = 0; sent < BYTES && !response.destroyed; sent += part.length) {
            if (!response.write(part)) await Promise.race([once(response, "drain"), gone])
          }
          response.end()
        })()
      })
      const floor = await peakGrowth("floor", server.url)
      return [{ row: ROW, unit: "MB", ours: await peakGrowth("ours", server.url), floor }]
    },
  }
}

async function peakGrowth(who: "ours" | "floor", url: string): Promise<number> {
  const reader = new URL("../read-paused.ts", import.meta.url).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [reader, who, url])
  return Number(stdout)
}
