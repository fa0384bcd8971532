/**
 * `npm run soak -- --minutes 60`: two processes each of OpenCode 1 and 2 on one home, three people who sign in to kiro-cli
 * over each other, a fake Kiro that refuses parts and of whose answers every seventh fails in some known way, and a
 * trouble every other second. Ends with 1 where anything was wrong: an answer that is another's, a token kept for
 * somebody else, a refused tool that a session sends on and on, an error without words, a secret in a text or a file, an
 * account lost, memory that grows, a request that the service would not have taken.
 */
import "../support/no-proxy.ts"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../src/runtime.ts"
import { finish, startFakeKiro, stream, text } from "../support/fake-kiro/index.ts"
import { kiroCliStoreOf, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { numberOf, readOptions } from "../support/options.ts"
import { removeFolder } from "../support/secrets.ts"
import { faults, refusedPart } from "./faults.ts"
import { Hosts } from "./hosts.ts"
import { heal } from "./person.ts"
import { pick, seeded } from "./random.ts"
import { trouble, type World } from "./troubles.ts"
import { openStore } from "../accounts/open-for-test.ts"

/** The versions of OpenCode that run; the last one to begin is the one that is killed. */
const HOSTS = [1, 2, 1, 2] as const
const FAULTY = 0.15
const TROUBLE_EVERY_MS = 2_000
/** A process that has answered for long may keep this much more than one that has warmed up. */
const MOST_GROWTH = 1.5
/** What was learnt of a session may not reach the disk where another program holds it: then it is learnt again. */
const MOST_REFUSALS = 3
/** So long a name that is not known yet, or a login that was just found, may take once all is quiet. */
const SETTLED_IN_MS = 120_000

const { values } = readOptions({ options: { minutes: { type: "string", default: "60" } } })
const minutes = numberOf("minutes", values.minutes)
const home = mkdtempSync(join(tmpdir(), "kiro-soak-"))
const random = seeded(Date.now())

await using fake = await startFakeKiro()
const accounts = [
  fake.account({ kind: "builder-id", tokenLifetimeSeconds: 240 }),
  fake.account({ kind: "social", tokenLifetimeSeconds: 300 }),
  fake.account({ kind: "builder-id", tokenLifetimeSeconds: 360 }),
]
const kiroCli = kiroCliStoreOf(home)
await seedKiroCliStore({ path: kiroCli, accounts: accounts.slice(0, 2), expiresAt: Date.now() + 240_000 })
const refusals = new Map<string, number>()
fake.when(
  ({ operation }) => operation === "GenerateAssistantResponse",
  (request) => {
    const marker = request.text.match(/<mses_[\d_-]+>/g)?.at(-1) ?? "?"
    const refused = refusedPart(request, random)
    if (refused !== undefined) {
      const session = `${marker.split("-")[0]} ${request.text.includes('"refused_') ? "tool" : "picture"}`
      refusals.set(session, (refusals.get(session) ?? 0) + 1)
      return refused
    }
    return random() < FAULTY
      ? pick(random, faults(marker))
      : stream(text(marker, " heard"), finish({ credits: 0.01 }))
  },
)

const database = join(home, ".config", "opencode", "kiro.db")
const env = { PATH: process.env["PATH"] ?? "", HOME: home, KIRO_ENDPOINT_OVERRIDE: fake.url }
const hosts = new Hosts(home, env)
process.once("exit", () => hosts.end())
for (const version of HOSTS) hosts.start(version)
const { store } = await openStore({ path: database })
const world: World = { hosts, accounts, store, database, kiroCli, random }

// The third signs in over the first, once that one is known.
while ((await store.list()).length < 2) await systemClock.sleep(500)
await seedKiroCliStore({ path: kiroCli, accounts: accounts.slice(2) })

const wrong: string[] = hosts.tally.wrong
const troubles = new Map<string, number>()
const until = Date.now() + minutes * 60_000
let minute = 0
while (Date.now() < until) {
  await systemClock.sleep(TROUBLE_EVERY_MS)
  const name = await trouble(world)
  troubles.set(name, (troubles.get(name) ?? 0) + 1)
  if (Date.now() < until - (minutes - minute - 1) * 60_000) continue
  minute += 1
  for (const { reply } of fake.refused) wrong.push(`a request that the service refuses: ${reply.body}`)
  for (const error of fake.scriptErrors) wrong.push(`the script failed: ${String(error)}`)
  wrong.push(...(await strangers()))
  fake.forget()
  fake.scriptErrors.length = 0
  console.log(`${minute} min  ${inWords(hosts.tally.ends)}  ${wrong.length} wrong`)
}
// Nothing happens any more: every login finds whose it is.
await heal(store)
for (let waited = 0; waited < SETTLED_IN_MS && !(await isSettled()); waited += 1_000)
  await systemClock.sleep(1_000)
hosts.end()

const kept = await store.list()
const known = new Set(kept.map(({ userId }) => userId))
for (const account of accounts)
  if (!known.has(account.userId)) wrong.push(`the account ${account.kind} was lost`)
if (!(await isSettled())) wrong.push(`${kept.length} accounts in place of ${accounts.length}`)
for (const [session, count] of refusals)
  if (session.endsWith("tool") && count > MOST_REFUSALS)
    wrong.push(`${session}: sent ${count} times though it was refused`)
for (const [pid, { first, latest }] of hosts.tally.memory)
  if (latest > first * MOST_GROWTH)
    wrong.push(`process ${pid} grew from ${megabytes(first)} to ${megabytes(latest)}`)
await store.close()
removeFolder(home)

console.log(`\n${inWords(troubles)}, ${hosts.tally.killed} killed`)
const byCount = [...hosts.tally.words].toSorted(([, one], [, other]) => other - one)
for (const [words, count] of byCount.slice(0, 10))
  console.log(`${String(count).padStart(5)} × ${words.slice(0, 300)}`)
for (const what of new Set(wrong)) console.log(`✗ ${what}`)
console.log(wrong.length === 0 ? "nothing was wrong" : `${wrong.length} wrong`)
process.exit(wrong.length === 0 ? 0 : 1)

async function isSettled(): Promise<boolean> {
  const owners = (await store.list()).map(({ userId }) => userId)
  return owners.length === accounts.length && accounts.every(({ userId }) => owners.includes(userId))
}

/** Accounts that hold a token of another person than they are named for, or of two. */
async function strangers(): Promise<readonly string[]> {
  return (await store.listAll()).flatMap(({ id, userId, logins }) => {
    const people = logins.flatMap((login) => {
      const token = login.kind === "api-key" ? undefined : login.tokens.accessToken.reveal()
      return fake.tokens.access.get(token ?? "")?.account.userId ?? []
    })
    const all = new Set(userId === undefined ? people : [userId, ...people])
    return all.size > 1 ? [`the account ${id} holds tokens of ${all.size} people`] : []
  })
}

function inWords(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name}: ${count}`).join(", ")
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`
}
