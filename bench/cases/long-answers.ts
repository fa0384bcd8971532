import { answerStream, drain, responseOf } from "../answer.ts"
import { floorOf } from "../floor.ts"
import { reads, textAnswer, toolAnswer, type Answer } from "../frames.ts"
import { cpuMs, wallMs, type BenchCase, type Figure } from "../harness.ts"

const MEGABYTE = 1_000_000
const TEXT = "4 MB of 40-byte deltas"
const TOOL = "1 MB tool call in 60-byte pieces"
const TEXT_WALL = "4 MB of 40-byte deltas, on the clock"
const TOOL_WALL = "1 MB tool call in 60-byte pieces, on the clock"
const LINEAR = "4 MB against four times 1 MB"

/** Processor time for a long answer, and that it grows with the answer and no faster. */
export function longAnswers(): BenchCase {
  const four = prepare(textAnswer(4 * MEGABYTE))
  const one = prepare(textAnswer(MEGABYTE))
  const tool = prepare(toolAnswer(MEGABYTE))
  return {
    name: "long answers",
    rounds: 7,
    limits: {
      [TEXT]: { timesFloor: 1 },
      [TOOL]: { timesFloor: 1 },
      [TEXT_WALL]: { timesFloor: 1.2 },
      [TOOL_WALL]: { timesFloor: 1.2 },
      [LINEAR]: { timesFloor: 1.3 },
    },
    async round() {
      const text = await measure(TEXT, four)
      const quarters = await cpuMs(() => fourTimes(() => ours(one)))
      const floorOfQuarters = await cpuMs(() => fourTimes(async () => floorOf(one.bytes)))
      // The floor itself pays for a long answer's memory: what counts is what we add to it.
      const linear = (quarters * text.floor) / floorOfQuarters
      const walls = [await measureWall(TEXT_WALL, four), await measureWall(TOOL_WALL, tool)]
      return [
        text,
        await measure(TOOL, tool),
        ...walls,
        { row: LINEAR, unit: "ms", ours: text.ours, floor: linear },
      ]
    },
  }
}

interface Prepared {
  readonly bytes: Answer
  readonly reads: readonly Uint8Array[]
}

function prepare(bytes: Answer): Prepared {
  return { bytes, reads: reads(bytes) }
}

async function fourTimes(work: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < 4; time++) await work()
}

async function measure(row: string, answer: Prepared): Promise<Required<Figure>> {
  const floor = await cpuMs(async () => floorOf(answer.bytes))
  return { row, unit: "ms", ours: await cpuMs(() => ours(answer)), floor }
}

/** What a reader waits: idle time counts too. */
async function measureWall(row: string, answer: Prepared): Promise<Figure> {
  const floor = await wallMs(async () => floorOf(answer.bytes))
  return { row, unit: "ms", ours: await wallMs(() => ours(answer)), floor }
}

async function ours(answer: Prepared): Promise<unknown> {
  return drain(await answerStream(responseOf(answer.reads)))
}
