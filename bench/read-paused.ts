import { setTimeout as sleep } from "node:timers/promises"
import { answerStream, floorAnswer } from "./answer.ts"

/** `read-paused.ts ours|floor <url>`: reads an answer, pauses after a tenth of it, prints the peak growth in MB. */
const [, , who, url = ""] = process.argv

const before = process.memoryUsage.rss()
let peak = before
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5)
let read = 0
let paused = false
const response = await fetch(url)
const reader = (who === "floor" ? floorAnswer(response) : await answerStream(response)).getReader()
for (let next = await reader.read(); !next.done; next = await reader.read()) {
  read += next.value.length
  if (paused || read < 10_000_000) continue
  paused = true
  await sleep(1_500)
}
clearInterval(watch)
console.log(Math.max(peak, process.memoryUsage.rss()) / 1e6 - before / 1e6)
