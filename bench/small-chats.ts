/** `small-chats.ts`: small chats and their floor in turns, in a process of their own; prints each block's figures. */
import { startHarness } from "../test/gateway/harness.ts"
import { learnIdentity } from "../src/accounts/index.ts"
import { realClock } from "../test/support/clock.ts"
import { drain, floorAnswer } from "./answer.ts"
import { sharedNow, percentile } from "./harness.ts"
import { historyBody } from "./history.ts"
import { startService } from "./server.ts"

/** What one chat took, in ms: processor time of all threads, and until its request was at the service. */
interface Taken {
  readonly cpu: number
  readonly delay: number
}

export interface Block {
  readonly first: Taken
  readonly further: Taken
  readonly floor: Taken
}

/**
 * So many that the runtime's compiler rests: behind a third of them it still took a fifth of our time, whereas the little
 * of the floor is compiled at once.
 */
const WARM_UP = 10_000
const BLOCKS = 60
/** In one block of each: so many that a collection of garbage is a part of most, so few that both sides see one moment. */
const CHATS = 20

await using service = await startService()
const body = historyBody({ messages: 4, characters: 2_000 })
let arrivedAt = 0
let headers: NonNullable<RequestInit["headers"]> = {}
const watched = async (url: string, init: RequestInit): Promise<Response> => {
  headers = init.headers ?? headers
  const response = await fetch(url, init)
  arrivedAt = Number(response.headers.get("x-arrived-at"))
  return response
}
await using harness = await startHarness({
  settings: { endpointOverride: service.url },
  fetch: watched,
  clock: realClock(),
})
const { userId } = await harness.add("A")
// As every account is behind its first answer.
await harness.store.reconcile((accounts) => {
  const [login] = accounts.flatMap(({ logins }) => logins)
  return login === undefined ? { put: [], gone: [] } : learnIdentity(accounts, { login, userId, now: 0 })
})

let chats = 0
const ask = async (session: string): Promise<void> => {
  const response = await harness.askWith(body, { session })
  if (response.status !== 200 || response.body === null) throw new Error(`answered ${response.status}`)
  await drain(response.body)
}
const floor = async (): Promise<void> => {
  const sent = JSON.stringify(JSON.parse(body))
  const { signal } = new AbortController()
  const response = await watched(service.url, { method: "POST", headers, body: sent, signal })
  const answer = new Response(floorAnswer(response), { headers: { "content-type": "text/event-stream" } })
  if (answer.body !== null) await drain(answer.body)
}
const KINDS = {
  first: () => ask(`ses_${chats++}`),
  further: () => ask("ses_goes_on"),
  floor,
}
const NAMES = ["first", "further", "floor"] as const

async function take(name: keyof Block, count: number): Promise<Taken> {
  const delays: number[] = []
  const before = process.cpuUsage()
  for (let done = 0; done < count; done++) {
    const calledAt = sharedNow()
    await KINDS[name]()
    delays.push(arrivedAt - calledAt)
  }
  const { user, system } = process.cpuUsage(before)
  return { cpu: (user + system) / 1000 / count, delay: percentile(delays, 0.5) }
}

for (const name of NAMES) await take(name, WARM_UP)
const blocks: Block[] = []
for (let index = 0; index < BLOCKS; index++) {
  // Each stands beside a floor of the same moment, and none always behind what another left.
  const taken = new Map<keyof Block, Taken>()
  for (const [place] of NAMES.entries()) {
    const name = NAMES[(place + index) % NAMES.length] ?? "floor"
    taken.set(name, await take(name, CHATS))
  }
  const [first, further, least] = NAMES.map((name) => taken.get(name))
  if (first && further && least) blocks.push({ first, further, floor: least })
}
console.log(JSON.stringify(blocks))
