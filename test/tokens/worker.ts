import { once } from "node:events"
import { createInterface } from "node:readline"
import { type Fetch, silentLog, systemClock, systemRuntime } from "../../src/runtime.ts"
import { openSources } from "../../src/import/index.ts"
import type { SourceStore } from "../../src/accounts/index.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { openKeeper, openStore } from "./setup.ts"

/**
 * One OpenCode process, as far as tokens go: says `ready`, waits for a line, prints its answer. It may hold several
 * instances of the plugin, which share nothing but the files; the answer is then that of all.
 */

export type FaultAt =
  | "none"
  /** Killed with the lock held, before the old refresh token has left. */
  | "kill before the request"
  /** Killed when the service has rotated and the answer is here, unread. */
  | "kill before the parse"
  /** Killed by the first thing that can happen after the tick in which the answer was parsed. */
  | "kill after the parse"
  /** Killed when the pair is in our row and not yet back in the source. */
  | "kill before the write-back"
  /** Says `sending`, and goes on once the parent has stopped it and lets it go on. */
  | "pause before the request"
  /** Says `answered`, and goes on as above. */
  | "pause before the parse"

const [folder = "", url = "", fault = "none", count = "1"] = process.argv.slice(2)

const die = (): void => void process.kill(process.pid, "SIGKILL")
const pause = async (word: string): Promise<void> => {
  const goesOn = once(process, "SIGCONT")
  console.log(word)
  await goesOn
}

const faulty: Fetch = async (target, init) => {
  if (fault === "kill before the request") die()
  if (fault === "pause before the request") await pause("sending")
  const response = await fetch(target, init)
  const body = await response.text()
  if (fault === "kill before the parse") die()
  if (fault === "pause before the parse") await pause("answered")
  if (fault === "kill after the parse") setImmediate(die)
  return new Response(body, { status: response.status })
}

const doomed = (source: SourceStore): SourceStore => ({
  ...source,
  writeBack: async (change) => {
    if (fault === "kill before the write-back") die()
    return source.writeBack(change)
  },
})

const sources = openSources({
  place: { env: {}, platform: "linux", home: folder },
  settings: DEFAULT_SETTINGS,
  effects: { clock: systemClock, random: Math.random },
})
const runtime = { ...systemRuntime(silentLog), fetch: faulty }
const instances = await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const store = await openStore(folder)
    const keeper = openKeeper({
      folder,
      url,
      store,
      runtime,
      sources: sources.map(doomed),
    })
    return { store, keeper }
  }),
)

async function tokenOf({ store, keeper }: (typeof instances)[number]): Promise<string> {
  const [account] = await store.list()
  if (account === undefined) throw new Error("no account")
  const answer = await keeper.fresh({ account })
  return answer.state === "token" ? answer.accessToken.reveal() : answer.reason
}

console.log("ready")
for await (const _line of createInterface({ input: process.stdin })) {
  const answers = new Set(await Promise.all(instances.map(tokenOf)))
  for (const { keeper } of instances) await keeper.close()
  console.log(`token ${[...answers].join(" and ")}`)
  break
}
for (const { store } of instances) await store.close()
process.exit(0)
