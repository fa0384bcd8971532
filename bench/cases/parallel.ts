import { setTimeout as sleep } from "node:timers/promises"
import { start } from "../../test/accounts/processes.ts"
import { startHarness } from "../../test/gateway/harness.ts"
import { realClock } from "../../test/support/clock.ts"
import { createRegistryEntry, type RegistryEntry } from "../../src/opencode2/language-model.ts"
import { drain, floorAnswer } from "../answer.ts"
import { textAnswer } from "../frames.ts"
import { wallMs, type BenchCase } from "../harness.ts"
import { serve } from "../server.ts"

const TIME = "16 chats whose first byte takes 500 ms"
const PARTS = "the same as the parts of OpenCode 2"
const GAP = "longest gap of the event loop meanwhile"
const GAP_BESIDE_LOCK = "the same while another process holds the database"

/** Chats beside each other, through the whole gateway: none waits for another, and none holds the event loop. */
export function parallel(): BenchCase {
  const answer = textAnswer(400)
  return {
    name: "parallel",
    rounds: 5,
    limits: {
      [TIME]: { atMost: 550 },
      [PARTS]: { atMost: 550 },
      [GAP]: { atMost: 15 },
      [GAP_BESIDE_LOCK]: { atMost: 15 },
    },
    async round() {
      await using server = await serve((response) => setTimeout(() => response.end(answer), 500))
      await using harness = await startHarness({
        settings: { endpointOverride: server.url },
        clock: realClock(),
      })
      await harness.add("A")
      const floor = await sixteen(async () => {
        await drain(floorAnswer(await fetch(server.url)))
      })
      const ask = async (session: string): Promise<void> => {
        const { status, body } = await harness.ask({ stream: true }, { session })
        if (status !== 200 || body === null) throw new Error(`the gateway answered ${status}`)
        await drain(body)
      }
      const free = await sixteen(ask)
      const model = createRegistryEntry({ chat: (call) => harness.gateway.chat(call) })
      const parts = await sixteen((session) => readParts(model, `${session}_parts`))
      const holder = await start({ do: "hold-lock", path: harness.database })
      setTimeout(() => holder.release(), 1_500)
      const besideLock = await sixteen((session) => ask(`${session}_beside`))
      await holder.done
      return [
        { row: TIME, unit: "ms", ours: free.time, floor: floor.time },
        { row: PARTS, unit: "ms", ours: parts.time, floor: floor.time },
        { row: GAP, unit: "ms", ours: free.gap, floor: floor.gap },
        { row: GAP_BESIDE_LOCK, unit: "ms", ours: besideLock.gap, floor: floor.gap },
      ]
    },
  }
}

async function readParts(model: RegistryEntry, session: string): Promise<void> {
  const prompt = [{ role: "user", content: [{ type: "text", text: "Hello" }] }]
  const options = { prompt, headers: { "x-opencode-session-id": session } }
  const { signal } = new AbortController()
  const call = { modelId: "claude-sonnet-4-5", settings: {}, options, signal }
  for await (const parts of model.stream(call))
    for (const part of parts) if (part.type === "error") throw part.error
}

async function sixteen(
  chat: (session: string) => Promise<unknown>,
): Promise<{ readonly time: number; readonly gap: number }> {
  const gaps = watchGaps()
  const time = await wallMs(() => Promise.all(Array.from({ length: 16 }, (_, index) => chat(`ses_${index}`))))
  return { time, gap: await gaps.longest() }
}

/** The longest time for which a timer that is due each millisecond could not run. */
function watchGaps(): { longest(): Promise<number> } {
  let last = performance.now()
  let longest = 0
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last - 1)
    last = now
  }, 1)
  return {
    async longest() {
      await sleep(2)
      clearInterval(timer)
      return longest
    },
  }
}
