import { countParts, responseOf } from "../answer.ts"
import { floorOf } from "../floor.ts"
import { reads, textAnswer, toolAnswer } from "../frames.ts"
import { cpuMs, wallMs, type BenchCase } from "../harness.ts"

const MEGABYTE = 1_000_000
const TEXT = "4 MB of 40-byte deltas as parts"
const WALL = "the same, from the first to the last"
const TOOL = "1 MB tool call in 60-byte pieces as parts"

/** Long answers again, as the language model of OpenCode 2 gives them. */
export function openCode2Answers(): BenchCase {
  const text = textAnswer(4 * MEGABYTE)
  const tool = toolAnswer(MEGABYTE)
  const textReads = reads(text)
  const toolReads = reads(tool)
  return {
    name: "OpenCode 2 answers",
    rounds: 7,
    limits: { [TEXT]: { timesFloor: 1 }, [WALL]: { timesFloor: 1.2 }, [TOOL]: { timesFloor: 1 } },
    async round() {
      return [
        {
          row: TEXT,
          unit: "ms",
          floor: await cpuMs(async () => floorOf(text)),
          ours: await cpuMs(() => countParts(responseOf(textReads))),
        },
        {
          row: WALL,
          unit: "ms",
          floor: await wallMs(async () => floorOf(text)),
          ours: await wallMs(() => countParts(responseOf(textReads))),
        },
        {
          row: TOOL,
          unit: "ms",
          floor: await cpuMs(async () => floorOf(tool)),
          ours: await cpuMs(() => countParts(responseOf(toolReads))),
        },
      ]
    },
  }
}
