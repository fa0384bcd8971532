import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { startHarness } from "../../test/gateway/harness.ts"
import { realClock } from "../../test/support/clock.ts"
import { drain, floorChunks } from "../answer.ts"
import { percentile, type BenchCase } from "../harness.ts"
import { historyBody } from "../history.ts"

const CPU = "processor time of one"
const REQUEST = "from the call to the request at the service, p50"
const CHATS = 150

/** A first message through the whole gateway, store and all; the floor parses it, sends it on and reads the answer. */
export function smallChat(): BenchCase {
  const body = historyBody({ messages: 4, characters: 1_000 })
  return {
    name: "small chat",
    rounds: 5,
    limits: { [CPU]: { timesFloor: 2 }, [REQUEST]: { timesFloor: 2 } },
    async round() {
      await using server = await startServer()
      let arrivedAt = 0
      const watched = async (url: string, init: RequestInit): Promise<Response> => {
        const response = await fetch(url, init)
        arrivedAt = Number(response.headers.get("x-arrived-at"))
        return response
      }
      await using harness = await startHarness({
        settings: { endpointOverride: server.url },
        fetch: watched,
        clock: realClock(),
      })
      await harness.add("A")
      const ours = async (): Promise<void> => {
        const response = await harness.askWith(body, { session: `ses_${chats++}` })
        if (response.status !== 200 || response.body === null) throw new Error(`answered ${response.status}`)
        await drain(response.body)
      }
      const floor = async (): Promise<void> => {
        const sent = JSON.stringify(JSON.parse(body))
        const response = await watched(server.url, { method: "POST", body: sent })
        let written = 0
        for await (const chunk of floorChunks(response)) written += chunk.length
      }
      let chats = 0
      const measure = async (chat: () => Promise<void>): Promise<Measured> => {
        const delays: number[] = []
        const before = process.cpuUsage()
        for (let count = 0; count < CHATS; count++) {
          const calledAt = performance.timeOrigin + performance.now()
          await chat()
          delays.push(arrivedAt - calledAt)
        }
        const { user, system } = process.cpuUsage(before)
        return { cpu: (user + system) / 1000 / CHATS, delay: percentile(delays, 0.5) }
      }
      await measure(ours)
      await measure(floor)
      const [ofOurs, ofFloor] = [await measure(ours), await measure(floor)]
      return [
        { row: CPU, unit: "ms", ours: ofOurs.cpu, floor: ofFloor.cpu },
        { row: REQUEST, unit: "ms", ours: ofOurs.delay, floor: ofFloor.delay },
      ]
    },
  }
}

interface Measured {
  readonly cpu: number
  readonly delay: number
}

/** In a process of its own: what it costs is no part of what is measured. */
async function startServer(): Promise<{ readonly url: string } & AsyncDisposable> {
  const script = fileURLToPath(new URL("../answer-server.ts", import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] })
  const [line]: Buffer[] = await once(child.stdout ?? child, "data")
  return {
    url: String(line).trim(),
    async [Symbol.asyncDispose]() {
      const gone = once(child, "exit")
      child.kill()
      await gone
    },
  }
}
