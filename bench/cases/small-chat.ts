import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { startHarness } from "../../test/gateway/harness.ts"
import { realClock } from "../../test/support/clock.ts"
import { drain, floorAnswer } from "../answer.ts"
import { percentile, type BenchCase, type Figure } from "../harness.ts"
import { historyBody } from "../history.ts"

const CPU = "processor time of a first one"
const REQUEST = "from the call to the request at the service, p50"
const FURTHER = "processor time of a further one of its session"
const FURTHER_REQUEST = "from the call to the request, p50, of a further one"
/** So many that most of our code is compiled, as the little of the floor is at once. */
const WARM_UP = 3_000
const BLOCKS = 8
const CHATS = 50

/**
 * A message through the whole gateway, store and all, in a session of its own or in one that goes on. The floor parses
 * it, sends it on with the same headers, and makes a server-sent event of each frame of the answer.
 */
export function smallChat(): BenchCase {
  const body = historyBody({ messages: 4, characters: 1_000 })
  return {
    name: "small chat",
    rounds: 3,
    limits: {
      [CPU]: { timesFloor: 2 },
      [REQUEST]: { timesFloor: 2 },
      [FURTHER]: { timesFloor: 2 },
      [FURTHER_REQUEST]: { timesFloor: 2 },
    },
    async round() {
      await using server = await startServer()
      let arrivedAt = 0
      let headers: NonNullable<RequestInit["headers"]> = {}
      const watched = async (url: string, init: RequestInit): Promise<Response> => {
        headers = init.headers ?? headers
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
      const ask = async (session: string): Promise<void> => {
        const response = await harness.askWith(body, { session })
        if (response.status !== 200 || response.body === null) throw new Error(`answered ${response.status}`)
        await drain(response.body)
      }
      const floor = async (): Promise<void> => {
        const sent = JSON.stringify(JSON.parse(body))
        const { signal } = new AbortController()
        const response = await watched(server.url, { method: "POST", headers, body: sent, signal })
        const answer = new Response(floorAnswer(response), {
          headers: { "content-type": "text/event-stream" },
        })
        if (answer.body !== null) await drain(answer.body)
      }
      let chats = 0
      const first = (): Promise<void> => ask(`ses_${chats++}`)
      const further = (): Promise<void> => ask("ses_goes_on")
      const measure = async (chat: () => Promise<void>, count = CHATS): Promise<Measured> => {
        const delays: number[] = []
        const before = process.cpuUsage()
        for (let done = 0; done < count; done++) {
          const calledAt = performance.timeOrigin + performance.now()
          await chat()
          delays.push(arrivedAt - calledAt)
        }
        const { user, system } = process.cpuUsage(before)
        return { cpu: (user + system) / 1000 / count, delay: percentile(delays, 0.5) }
      }
      for (const chat of [first, further, floor]) await measure(chat, WARM_UP)
      const figures: Figure[] = []
      // In turns, so that each stands beside a floor of the same moment.
      for (let block = 0; block < BLOCKS; block++) {
        const [own, next, least] = [await measure(first), await measure(further), await measure(floor)]
        figures.push(
          { row: CPU, unit: "ms", ours: own.cpu, floor: least.cpu },
          { row: REQUEST, unit: "ms", ours: own.delay, floor: least.delay },
          { row: FURTHER, unit: "ms", ours: next.cpu, floor: least.cpu },
          { row: FURTHER_REQUEST, unit: "ms", ours: next.delay, floor: least.delay },
        )
      }
      return figures
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
