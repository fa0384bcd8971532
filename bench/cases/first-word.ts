import { answerStream, drain, floorAnswer } from "../answer.ts"
import { percentile, type BenchCase } from "../harness.ts"
import { startService } from "../server.ts"

const TYPICAL = "delay of the first word, p50"
const WORST = "delay of the first word, p99"
/** So many that ten of them are later than the 99th of a hundred. */
const ANSWERS = 1_000

/** From the service's first content byte to the host's first delta, over a real socket. */
export function firstWord(): BenchCase {
  return {
    name: "first word",
    rounds: 9,
    limits: { [TYPICAL]: { timesFloor: 1.2 }, [WORST]: { timesFloor: 1.3 } },
    async round() {
      await using service = await startService()
      const url = `${service.url}/word`
      const ours: number[] = []
      const floor: number[] = []
      for (let answer = 0; answer < ANSWERS; answer++) {
        // In turns, so that neither always runs behind what the other left.
        const ask = [async () => ours.push(await wordDelay(await answerStream(await fetch(url))))]
        ask.push(async () => floor.push(await wordDelay(floorAnswer(await fetch(url)))))
        for (const one of answer % 2 === 0 ? ask : ask.toReversed()) await one()
      }
      return [
        { row: TYPICAL, unit: "ms", ours: percentile(ours, 0.5), floor: percentile(floor, 0.5) },
        { row: WORST, unit: "ms", ours: percentile(ours, 0.99), floor: percentile(floor, 0.99) },
      ]
    },
  }
}

/** Between the instant that the first word names and its coming. */
async function wordDelay(stream: ReadableStream<Uint8Array>): Promise<number> {
  const { first, firstAt } = await drain(stream)
  const sentAt = Number(/"content":"(\d+(?:\.\d+)?)"/.exec(new TextDecoder().decode(first))?.[1])
  return firstAt - sentAt
}
