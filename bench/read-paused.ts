import { setTimeout as sleep } from "node:timers/promises"
import { answerStream, floorEvents } from "./answer.ts"

/** `read-paused.ts ours|floor <url>`: reads an answer, pauses after a tenth of it, prints the peak growth in MB. */
const [, , who, url = ""] = process.argv

async function* chunksOf(response: Response): AsyncGenerator<{ readonly length: number }> {
  if (who === "floor") return yield* floorEvents(response)
  const reader = (await answerStream(response)).getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
}

const before = process.memoryUsage.rss()
let peak = before
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5)
let read = 0
let paused = false
for await (const chunk of chunksOf(await fetch(url))) {
  read += chunk.length
  if (paused || read < 10_000_000) continue
  paused = true
  await sleep(1_500)
}
clearInterval(watch)
console.log(Math.max(peak, process.memoryUsage.rss()) / 1e6 - before / 1e6)
