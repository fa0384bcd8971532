import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { after, afterEach, describe, it } from "node:test"
import { type Account, newAccount } from "../../../src/accounts/index.ts"
import { modelsTask, unlistedTask } from "../../../src/gateway/control/models.ts"
import { createPeriodic, type Periodic, type PeriodicTask } from "../../../src/gateway/control/periodic.ts"
import { readOffer } from "../../../src/host/index.ts"
import { encodeModelLists, resolveModel } from "../../../src/kiro/index.ts"
import { offeredModels } from "../../../src/kiro/models/index.ts"
import { VERSION } from "../../../src/version.ts"
import { FAILURES, json, startFakeKiro } from "../../support/fake-kiro/index.ts"
import { type Control, controlOf } from "./support.ts"
import { idcLogin } from "../../accounts/logins.ts"
import { start } from "../../accounts/processes.ts"
import { openStore } from "../../accounts/open-for-test.ts"
import { endChildren } from "../../support/children.ts"
import { temporaryFolder } from "../../support/temporary-folder.ts"
import { assertPrivate } from "../../support/posix.ts"

const folder = temporaryFolder()
const closers: (() => Promise<void>)[] = []
after(async () => {
  for (const close of closers) await close()
})

afterEach(endChildren)

let files = 0

const list = (accountId: string, modelId: string) => ({
  accountId,
  serviceRegion: "us-east-1",
  fetchedAt: 1,
  models: [{ modelId }],
})

const idsWithoutOlder = (ids: readonly string[]): readonly string[] => {
  return ids.filter((id) => !resolveModel(id).isOlder)
}

/** What the next start offers, without what older plugins offered, which is offered always. */
const newModels = async (path: string): Promise<readonly string[]> =>
  idsWithoutOlder((await readOffer(path)).models.map(({ id }) => id))

const BUILT_IN = idsWithoutOlder(offeredModels().map(({ id }) => id))

interface Bench {
  readonly models: Periodic
  /** Of another process. */
  readonly elsewhere: Periodic
  readonly path: string
}

async function bench({ client, target }: Control): Promise<Bench> {
  const path = join(folder, `${++files}`, "kiro-models.json")
  const { store } = await openStore({ path: `${path}.db`, clock: client.runtime.clock })
  for (const id of ["a", "off"])
    await store.add({ ...newAccount({ id, now: 0, logins: [] }), enabled: id === "a" })
  closers.push(() => store.close())
  const open = async () => ({ asked: () => idcLogin({ id: "login" }), target })
  const task = modelsTask({ client, open, store, path })
  const [models, elsewhere] = [createPeriodic(task, client.runtime), createPeriodic(task, client.runtime)]
  return { path, models, elsewhere }
}

describe("the live list of an account", () => {
  it("is fetched with the first answer of a process, then every five minutes, and written for the next start", async () => {
    await using fake = await startFakeKiro()
    let modelId = "claude-opus-5.5"
    fake.intercept(
      () => true,
      () => json({ models: [{ modelId }] }),
    )
    const control = controlOf(fake, "token")
    const { models, elsewhere, path } = await bench(control)
    await models.now("a")
    await models.now("a")
    assert.equal(fake.requests.length, 1)
    assert.deepEqual(await newModels(path), ["claude-opus-5-5"])
    assertPrivate(path)
    modelId = "claude-opus-6"
    await elsewhere.now("a")
    assert.deepEqual(await newModels(path), ["claude-opus-6"])
    control.clock.advance(300_000)
    await models.now("a")
    assert.equal(fake.requests.length, 3)
  })

  it("comes back where its file was broken or lost, which the next start would read", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ models: [{ modelId: "auto" }] }))
    const { models, elsewhere, path } = await bench(controlOf(fake, "token"))
    await models.now("a")
    writeFileSync(path, '{"version":1,"lists":[{"acc')
    await elsewhere.now("a")
    assert.deepEqual(await newModels(path), ["auto"])
  })

  it("outlives a service that gives none", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ models: [{ modelId: "auto" }] }))
    const { models, path } = await bench(controlOf(fake, "token"))
    await models.now("a")
    fake.intercept(() => true, FAILURES.throttled)
    await models.force("a")
    assert.equal(fake.requests.length, 2)
    assert.deepEqual(await newModels(path), ["auto"])
  })

  it("is not offered at the next start where the account is off", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ models: [{ modelId: "auto" }] }))
    const { models, path } = await bench(controlOf(fake, "token"))
    await models.now("off")
    assert.deepEqual(await newModels(path), BUILT_IN)
  })
})

describe("the live lists of two accounts", () => {
  const { signal } = new AbortController()

  /** Fetches the list of one account, and lets the other's come after this one has read what there is to write. */
  async function fetchWhile(
    other: (race: { task: PeriodicTask; path: string; database: string }) => Promise<unknown>,
  ): Promise<readonly string[]> {
    await using fake = await startFakeKiro()
    let lists = 0
    fake.intercept(
      () => true,
      () => json({ models: [{ modelId: `model-${++lists}` }] }),
    )
    const { client, target } = controlOf(fake, "token")
    const path = join(folder, `${++files}`, "kiro-models.json")
    const database = `${path}.db`
    const { store } = await openStore({ path: database, clock: client.runtime.clock })
    closers.push(() => store.close())
    for (const id of ["a", "b"]) await store.add(newAccount({ id, now: 0, logins: [] }))
    let reads = 0
    const task: PeriodicTask = modelsTask({
      client,
      path,
      open: async () => ({ asked: () => idcLogin({ id: "login" }), target }),
      store: {
        list: () => store.list(),
        setModelList: (list) => store.setModelList(list),
        async modelLists() {
          const known = await store.modelLists()
          if (++reads === 1) await other({ task, path, database })
          return known
        },
      },
    })
    await task.run("a", signal)
    return (await newModels(path)).toSorted()
  }

  it("are both offered at the next start where they come at once", async () => {
    const offered = await fetchWhile(async ({ task }) => task.run("b", signal))
    assert.deepEqual(offered, ["model-1", "model-2"])
  })

  it("are both offered where another process fetches one of them", async () => {
    const offered = await fetchWhile(async ({ path: modelsPath, database: path }) => {
      const other = await start({ do: "list-model", path, accountId: "b", modelId: "theirs", modelsPath })
      await other.done
    })
    assert.deepEqual(offered, ["model-1", "theirs"])
  })
})

describe("the live list of an account that does not answer", () => {
  it("is asked for once, where nothing is wrong with it and it is known whose it is", async () => {
    await using fake = await startFakeKiro()
    const { clock } = controlOf(fake, "token").client.runtime
    const { store } = await openStore({ path: join(folder, `${++files}.db`), clock })
    closers.push(() => store.close())
    const other = (id: string, more: Partial<Account>): Promise<Account> =>
      store.add({ ...newAccount({ id, now: 0, logins: [] }), userId: `user-${id}`, ...more })
    await other("idle", {})
    await other("listed", {})
    await other("answering", {})
    await other("off", { enabled: false })
    await other("suspended", { health: { state: "revoked", since: 0, reason: "suspended" } })
    await store.add(newAccount({ id: "unnamed", now: 0, logins: [] }))
    await other("elsewhere", {})
    await store.setModelList({ accountId: "listed", serviceRegion: "us-east-1", models: [], fetchedAt: 0 })
    const asked: string[] = []
    const here = (accounts: readonly Account[]) => accounts.filter(({ id }) => id !== "elsewhere")
    const learnOwner = (id: string): void => void asked.push(`owner of ${id}`)
    const task = unlistedTask({ store, here, ask: (id) => void asked.push(id), learnOwner })
    const { signal } = new AbortController()
    // Whose the unnamed one is may be known soon.
    assert.equal(await task.run("answering", signal), "retry")
    assert.deepEqual(asked.splice(0), ["idle", "owner of unnamed"])
    await store.setModelList({ accountId: "idle", serviceRegion: "us-east-1", models: [], fetchedAt: 0 })
    await store.update("unnamed", (account) => ({ ...account, userId: "user-unnamed" }))
    assert.equal(await task.run("answering", signal), "done")
    assert.deepEqual(asked, ["unnamed"])
  })
})

describe("the file of lists at a start", () => {
  it("may be missing", async () => {
    assert.deepEqual(await newModels(join(folder, "none.json")), BUILT_IN)
  })

  for (const [what, text] of [
    ["half a file", '{"version":1,"lists":[{"acc'],
    ["another file", "[1,2]"],
    ["an empty file", ""],
    ["what nobody can offer", JSON.stringify({ offered: { by: VERSION, models: [{ id: "auto" }] } })],
  ] as const)
    it(`is passed over, with a problem, where it is ${what}`, async () => {
      const path = join(folder, "broken.json")
      writeFileSync(path, text)
      assert.deepEqual(await newModels(path), BUILT_IN)
      assert.match((await readOffer(path)).problem ?? "", /broken\.json/)
    })

  for (const [what, damage] of [
    ["has lost its fields", () => ({ id: "auto" })],
    ["takes what has no name", (model: object) => ({ ...model, input: [5] })],
    ["thinks in a way that is none", (model: object) => ({ ...model, variants: { high: {} } })],
    ["holds nothing", (model: object) => ({ ...model, contextWindow: -1 })],
  ] as const)
    it(`is read again where a model that stands ready in it ${what}`, async () => {
      const path = join(folder, "half-ready.json")
      const { lists, offered } = JSON.parse(encodeModelLists([list("a", "brand-new")], VERSION))
      const [first, ...others] = offered.models
      const models = [damage({ ...first, id: "damaged" }), ...others]
      writeFileSync(path, JSON.stringify({ version: 1, lists, offered: { by: VERSION, models } }))
      assert.deepEqual(await newModels(path), ["brand-new"])
      assert.equal((await readOffer(path)).problem, undefined)
    })
})
