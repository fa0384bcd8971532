import assert from "node:assert/strict"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { type AccountStore, newAccount, openAccountStore } from "../../src/accounts/index.ts"
import { silentLog } from "../../src/runtime.ts"
import { idcLogin, tokens } from "../accounts/logins.ts"
import { fakeClock } from "../support/clock.ts"
import { removeFolder } from "../support/secrets.ts"
import { casesOf } from "./runs.ts"
import { addTurn } from "../support/add-turn.ts"

/** What should be known of an account: its label, and the name of the token pair of its one login. */
interface Known {
  label?: string
  pair: string
}

interface World {
  readonly known: Map<string, Known>
  readonly generations: Map<string, number>
  turns: number
  readonly stores: [AccountStore, AccountStore]
  readonly path: string
}

type Step = (world: World, which: 0 | 1) => Promise<void>

const id = fc.constantFrom("a", "b", "c")
/** No zero character: the SQLite of Node 22.13 reads a text only up to the first. */
const text = fc.oneof(fc.constantFrom("", "__proto__", "'; DROP TABLE kiro_account; --"), fc.string())

const add = id.map((name): Step => async ({ known, stores }, which) => {
  if (known.has(name)) return
  known.set(name, { pair: name })
  await stores[which].add(newAccount({ id: name, now: 1, logins: [idcLogin({ id: name })] }))
})
const label = fc.tuple(id, text).map(([name, words]): Step => async ({ known, stores }, which) => {
  const account = known.get(name)
  if (account !== undefined) account.label = words
  const updated = await stores[which].update(name, (current) =>
    current.removedAt === undefined ? { ...current, label: words } : current,
  )
  if (account !== undefined) assert.equal(updated?.label, words)
})
const remove = id.map((name): Step => async ({ known, stores }, which) => {
  known.delete(name)
  await stores[which].remove(name)
})
const swap = fc
  .tuple(id, fc.constantFrom("x", "y", "a"), fc.boolean())
  .map(([name, next, isStale]): Step => async ({ known, stores }, which) => {
    const account = known.get(name)
    const before = isStale || account === undefined ? "stale" : account.pair
    const outcome = stores[which].compareAndSwapTokens({
      loginId: name,
      before: tokens(before),
      after: tokens(next),
    })
    assert.equal(outcome, account !== undefined && !isStale ? "written" : "changed")
    if (account !== undefined && !isStale) account.pair = next
  })
const session = text.map((name): Step => async ({ generations, stores }, which) => {
  generations.set(name, (generations.get(name) ?? 0) + 1)
  await stores[which].remember({
    sessionId: name,
    session: (memory) => ({ ...memory, generation: memory.generation + 1 }),
  })
})
const turn = fc.tuple(id, text).map(([accountId, sessionId]): Step => async (world, which) => {
  world.turns++
  await addTurn(world.stores[which], { sessionId, accountId, credits: 1, at: fakeClock().now() })
})
const reopen = fc.constant<Step>(async ({ stores, path }, which) => {
  await stores[which].close()
  stores[which] = await open(path)
})

const steps = fc.array(
  fc.tuple(fc.oneof(add, label, remove, swap, session, turn, reopen), fc.constantFrom(0, 1)),
  {
    minLength: 4,
    maxLength: 25,
  },
)

describe("two stores on one file", () => {
  it("hold what was done through either, whatever that was", () =>
    fc.assert(
      fc.asyncProperty(steps, async (wanted) => {
        const folder = mkdtempSync(join(tmpdir(), "kiro-fuzz-"))
        const path = join(folder, "kiro.db")
        const stores: World["stores"] = [await open(path), await open(path)]
        const world = { known: new Map(), generations: new Map(), turns: 0, stores, path }
        try {
          for (const [step, which] of wanted) await step(world, which === 0 ? 0 : 1)
          for (const store of stores) await holds(store, world)
        } finally {
          for (const store of stores) await store.close()
          removeFolder(folder)
        }
      }),
      casesOf(40),
    ))
})

async function holds(store: AccountStore, { known, generations, turns }: World): Promise<void> {
  const found = (await store.list()).map(({ id, label, logins }): [string, Known] => {
    const [login] = logins
    assert.ok(login?.kind === "idc" && logins.length === 1)
    const pair = login.tokens.accessToken.reveal().replace("access-", "")
    return [id, { pair, ...(label !== undefined && { label }) }]
  })
  const wanted = [...known].map(([name, account]): [string, Known] => [
    name,
    // An empty label is none.
    { pair: account.pair, ...(account.label && { label: account.label }) },
  ])
  assert.deepEqual(new Map(found), new Map(wanted))
  for (const [name, generation] of generations)
    assert.equal((await store.session(name)).generation, generation, JSON.stringify(name))
  assert.equal((await store.turns()).length, turns)
  assert.equal(store.kept, "file")
}

function open(path: string): Promise<AccountStore> {
  return openAccountStore({ path, clock: fakeClock(), log: silentLog, random: () => 0.5 })
}
