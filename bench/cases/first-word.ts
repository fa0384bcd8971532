import { eventFrame } from "../../test/support/fake-kiro/index.ts"
import { answerStream, drain, floorAnswer } from "../answer.ts"
import { percentile, type BenchCase } from "../harness.ts"
import { serve } from "../server.ts"

const TYPICAL = "delay of the first word, p50"
const WORST = "delay of the first word, p99"
/** So many that ten of them are later than the 99th of a hundred. */
const ANSWERS = 1_000

/** From the service's first content byte to the host's first delta, over a real socket. */
export function firstWord(): BenchCase {
  return {
    name: "first word",
    rounds: 5,
    limits: { [TYPICAL]: { timesFloor: 1.2 }, [WORST]: { timesFloor: 1.3 } },
    async round() {
      let sentAt = 0
      const word = eventFrame("assistantResponseEvent", { content: "Hello" })
      await using server = await serve((response) => {
        // A turn later, so that the headers have left and the reader waits, as it does for a real model.
        setTimeout(() => {
          sentAt = performance.now()
          response.end(word)
        }, 2)
      })
      const ours: number[] = []
      const floor: number[] = []
      for (let answer = 0; answer < ANSWERS; answer++) {
        // In turns, so that neither always runs behind what the other left.
        const ask = [async () => ours.push((await firstDelta(server.url)) - sentAt)]
        ask.push(async () => floor.push((await firstFloorDelta(server.url)) - sentAt))
        for (const one of answer % 2 === 0 ? ask : ask.toReversed()) await one()
      }
      return [
        { row: TYPICAL, unit: "ms", ours: percentile(ours, 0.5), floor: percentile(floor, 0.5) },
        { row: WORST, unit: "ms", ours: percentile(ours, 0.99), floor: percentile(floor, 0.99) },
      ]
    },
  }
}

async function firstDelta(url: string): Promise<number> {
  const { firstAt } = await drain(await answerStream(await fetch(url)))
  return firstAt
}

async function firstFloorDelta(url: string): Promise<number> {
  const { firstAt } = await drain(floorAnswer(await fetch(url)))
  return firstAt
}
