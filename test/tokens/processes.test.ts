import assert from "node:assert/strict"
import { readdirSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { after, afterEach, before, beforeEach, describe, it } from "node:test"
import type { Account, AccountStore } from "../../src/accounts/index.ts"
import { systemClock } from "../../src/runtime.ts"
import { roundsOf } from "../fuzz/runs.ts"
import { endChildren } from "../support/children.ts"
import { type FakeAccount, type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { Child } from "./child.ts"
import { accountOf, EXPIRED, leftovers, loginOf, onlyLogin, openStore } from "./setup.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { needsSignals } from "../support/posix.ts"

/** After so long, in ms, a holder looks at its lock again. */
const LOOK_MS = 1000

/** Of the plugin in each process. */
const INSTANCES = roundsOf(50)

describe("several processes with one expired single-use refresh token", () => {
  let fake: FakeKiro
  let person: FakeAccount
  let folder: string
  let store: AccountStore

  before(async () => {
    fake = await startFakeKiro()
  })
  after(() => fake.close())
  afterEach(endChildren)
  beforeEach(async () => {
    person = fake.account()
    folder = temporaryFolder()
    store = await openStore(folder)
    await store.add(accountOf(loginOf(person, EXPIRED)))
  })

  const account = async (): Promise<Account> => {
    const [only] = await store.list()
    assert.ok(only)
    return only
  }
  /** What time does to a lock whose holder is gone or stands still. */
  const ageLocks = (): void => {
    const past = new Date(Date.now() - 60_000)
    for (const name of readdirSync(folder).filter((each) => each.startsWith("kiro-refresh.lock")))
      utimesSync(join(folder, name), past, past)
  }
  const refreshAlone = async (): Promise<string> => {
    const child = await Child.start(folder, fake.url)
    child.go()
    const token = await child.token()
    await child.exit()
    return token
  }

  it("make one refresh: ten of them with many instances each, and all have the answer", async () => {
    const before = fake.received("CreateToken").length
    const children = await Promise.all(
      Array.from({ length: 10 }, () => Child.start(folder, fake.url, "none", { instances: INSTANCES })),
    )
    for (const child of children) child.go()
    const answers = await Promise.all(children.map((child) => child.token()))
    await Promise.all(children.map((child) => child.exit()))
    assert.deepEqual(
      answers,
      Array.from({ length: 10 }, () => person.accessToken),
    )
    assert.equal(fake.received("CreateToken").length, before + 1)
    assert.equal(onlyLogin(await account()).tokens.refreshToken?.reveal(), person.refreshToken)
    assert.deepEqual(leftovers(folder), [])
  })

  it("lose nothing to a holder that is killed before its request", async () => {
    const child = await Child.start(folder, fake.url, "kill before the request")
    child.go()
    await child.exit()
    assert.equal(person.refreshCount, 0)
    ageLocks()
    assert.equal(await refreshAlone(), person.accessToken)
    assert.equal(person.refreshCount, 1)
    assert.deepEqual(leftovers(folder), [])
  })

  it("say clearly that a login is over whose new pair died unread with the holder", async () => {
    const child = await Child.start(folder, fake.url, "kill before the parse")
    child.go()
    await child.exit()
    assert.equal(person.refreshCount, 1)
    ageLocks()
    assert.equal(await refreshAlone(), "revoked")
    const row = await account()
    assert.equal(row.health.state, "revoked")
    assert.ok(onlyLogin(row).revoked)
    assert.deepEqual(leftovers(folder), [])
  })

  it("lose nothing to a holder that is killed right after the tick of the parse", async () => {
    const child = await Child.start(folder, fake.url, "kill after the parse")
    child.go()
    await child.exit()
    assert.equal(onlyLogin(await account()).tokens.refreshToken?.reveal(), person.refreshToken)
    assert.equal(await refreshAlone(), person.accessToken)
    assert.equal(person.refreshCount, 1)
  })

  it(
    "take over from a holder that stands still before its request, which then finds their pair",
    needsSignals,
    async () => {
      const still = await Child.start(folder, fake.url, "pause before the request")
      still.go()
      await still.line("sending")
      still.signal("SIGSTOP")
      ageLocks()
      assert.equal(await refreshAlone(), person.accessToken)
      still.signal("SIGCONT")
      assert.equal(await still.token(), person.accessToken)
      await still.exit()
      // The second came from the one that stood still, and was refused.
      assert.equal(person.refreshCount, 2)
      const row = await account()
      assert.equal(row.health.state, "ok")
      assert.equal(onlyLogin(row).revoked, undefined)
      assert.deepEqual(leftovers(folder), [])
    },
  )

  it(
    "get the pair of a holder that stood still with the answer unread, once it goes on",
    needsSignals,
    async () => {
      const still = await Child.start(folder, fake.url, "pause before the parse")
      still.go()
      await still.line("answered")
      still.signal("SIGSTOP")
      ageLocks()
      assert.equal(await refreshAlone(), "revoked")
      still.signal("SIGCONT")
      assert.equal(await still.token(), person.accessToken)
      await still.exit()
      const row = await account()
      assert.equal(row.health.state, "ok")
      assert.equal(onlyLogin(row).revoked, undefined)
      assert.equal(await refreshAlone(), person.accessToken)
      // The second came while the first stood still, and was refused.
      assert.equal(person.refreshCount, 2)
    },
  )

  it("finish a refresh after a sleep that outlasts the lock", needsSignals, async () => {
    const sleeper = await Child.start(folder, fake.url, "pause before the parse")
    sleeper.go()
    await sleeper.line("answered")
    sleeper.signal("SIGSTOP")
    await systemClock.sleep(2 * LOOK_MS)
    sleeper.signal("SIGCONT")
    assert.equal(await sleeper.token(), person.accessToken)
    await sleeper.exit()
    assert.equal(onlyLogin(await account()).tokens.refreshToken?.reveal(), person.refreshToken)
    assert.deepEqual(leftovers(folder), [])
  })
})
