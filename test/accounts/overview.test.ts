import assert from "node:assert/strict"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { newAccount, openDatabase, readOverview } from "../../src/accounts/index.ts"
import { idcLogin } from "./logins.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { addTurn } from "../support/add-turn.ts"
import { openStore } from "./open-for-test.ts"

const root = temporaryFolder()

describe("the overview of a store", () => {
  it("shows accounts and the turns of one session, and nothing secret", async () => {
    const path = join(root, "kiro.db")
    const { store } = await openStore({ path })
    await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "one" })] }))
    await store.add(newAccount({ id: "b", now: 2, logins: [idcLogin({ id: "two" })] }))
    await store.remove("b")
    const now = Date.now()
    const turn = { sessionId: "ses_1", accountId: "a", at: now - 1000 }
    await addTurn(store, { ...turn, credits: 1, at: now - 9000 })
    await addTurn(store, { ...turn, credits: 0.5 })
    await addTurn(store, { ...turn, credits: 0.25, at: now })
    await addTurn(store, { ...turn, sessionId: "ses_2", credits: 9 })

    const read = (turnStarts: readonly number[]) =>
      readOverview({ path, sessionId: "ses_1", turnStarts, now: Date.now() })
    const overview = await read([])
    assert.deepEqual(overview?.session, { accountId: "a", lastTurnCredits: 0.25, credits: 1.75 })
    assert.deepEqual(overview?.today, { credits: 10.75, lifted: false })
    assert.equal((await read([now - 1000, now - 9000]))?.session.lastTurnCredits, 0.75)
    const untilAnAnswerCame = await read([now + 1000, now - 1000, now - 9000])
    assert.equal(untilAnAnswerCame?.session.lastTurnCredits, 0.75)

    const helper = { ...turn, sessionId: "ses_3", parentSessionId: "ses_1", credits: 2 }
    await addTurn(store, helper)
    await addTurn(store, { ...helper, sessionId: "ses_4", parentSessionId: "ses_3", credits: 4 })
    assert.deepEqual((await read([now - 1000]))?.session, {
      accountId: "a",
      lastTurnCredits: 6.75,
      credits: 7.75,
    })
    await store.remember({ sessionId: "ses_1", session: (memory) => ({ ...memory, chosenAccountId: "c" }) })
    const chosen = (await read([]))?.session
    await store.close()
    assert.deepEqual([chosen?.accountId, chosen?.chosen, chosen?.otherwise], ["c", true, "a"])
    assert.equal(overview?.accounts.length, 1)
    assert.match(overview?.accounts[0]?.name ?? "", /^Builder ID ··[0-9a-f]{4}$/)
    assert.doesNotMatch(JSON.stringify(overview), /access-|refresh-|secret-/)
  })

  it("shows what the service found in its cache for a session and its subagents, as far as it told", async () => {
    const path = join(root, "cache.db")
    const { store } = await openStore({ path })
    const turn = { sessionId: "ses_1", accountId: "a", credits: 0, at: Date.now() }
    const cache = async (): Promise<unknown> =>
      (await readOverview({ path, sessionId: "ses_1", now: Date.now() }))?.session.cache
    await addTurn(store, { ...turn, inputTokens: 500 })
    assert.equal(await cache(), undefined)
    await addTurn(store, { ...turn, inputTokens: 100, cacheReadTokens: 60, cacheWriteTokens: 10 })
    await addTurn(store, {
      ...turn,
      sessionId: "ses_2",
      parentSessionId: "ses_1",
      inputTokens: 100,
      cacheReadTokens: 0,
    })
    assert.deepEqual(await cache(), { inputTokens: 200, readTokens: 60, writeTokens: 10 })
    const session = (await readOverview({ path, sessionId: "ses_1", now: Date.now() }))?.session
    assert.equal(session?.lastTurnCredits, undefined)
    await store.close()
  })

  it("tells what it can of a file that only an older version has written to", async () => {
    const path = join(root, "older.db")
    const { store } = await openStore({ path })
    await addTurn(store, { sessionId: "ses_1", accountId: "a", credits: 2, at: Date.now() })
    await store.close()
    const older = await openDatabase(path)
    older.run("ALTER TABLE kiro_turn DROP COLUMN cache_read_tokens")
    older.close()
    assert.deepEqual((await readOverview({ path, sessionId: "ses_1", now: Date.now() }))?.session, {
      accountId: "a",
      lastTurnCredits: 2,
      credits: 2,
    })
  })

  it("adds to what an account has used what was spent since, unless a trial may have paid for it", async () => {
    const path = join(root, "spent.db")
    const { store } = await openStore({ path })
    const checkedAt = Date.now() - 1000
    const quota = { checkedAt, used: 10, limit: 50, bonuses: [], overage: { enabled: false, used: 0 } }
    const trial = { used: 1, limit: 500 }
    await store.add({ ...newAccount({ id: "a", now: 1, logins: [] }), quota })
    await store.add({ ...newAccount({ id: "b", now: 2, logins: [] }), quota: { ...quota, trial } })
    for (const accountId of ["a", "b"]) {
      await addTurn(store, { sessionId: "ses", accountId, credits: 4, at: checkedAt - 1 })
      await addTurn(store, { sessionId: "ses", accountId, credits: 0.5, at: checkedAt + 1 })
    }
    const overview = await readOverview({ path, now: Date.now() })
    await store.close()
    assert.deepEqual(
      overview?.accounts.map((account) => account.quota?.used),
      [10.5, 10],
    )
  })

  it("says what state an account is in, as far as paid credits may be used", async () => {
    const path = join(root, "states.db")
    const { store } = await openStore({ path })
    const overage = { enabled: true, used: 0 }
    const quota = { checkedAt: Date.now(), used: 50, limit: 50, bonuses: [], overage }
    await store.add({ ...newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "one" })] }), quota })
    const reason = async (useOverage: boolean): Promise<string | undefined> =>
      (await readOverview({ path, now: Date.now(), useOverage }))?.accounts[0]?.state.reason
    assert.deepEqual([await reason(true), await reason(false)], ["ready", "monthly-quota"])
    const remedy = async (): Promise<string | undefined> =>
      (await readOverview({ path, now: Date.now() }))?.accounts[0]?.remedy
    assert.equal(await remedy(), undefined)
    await store.update("a", (account) => ({ ...account, enabled: false }))
    assert.equal(await reason(true), "disabled")
    assert.match((await remedy()) ?? "", /^Switch it on: \/kiro, or `.* accounts enable [0-9a-f]{4}`\.$/)
    await store.close()
  })

  it("is nothing, and makes no file, where there is no store, and says so of one that can't be read", async () => {
    const missing = join(root, "missing.db")
    assert.equal(await readOverview({ path: missing, now: 0 }), undefined)
    assert.ok(!existsSync(missing))
    const another = await openDatabase(join(root, "another.db"))
    another.run("CREATE TABLE accounts (id TEXT PRIMARY KEY)")
    another.close()
    assert.equal(await readOverview({ path: join(root, "another.db"), now: 0 }), undefined)
    const broken = join(root, "broken.db")
    writeFileSync(broken, "this is no database".repeat(100))
    await assert.rejects(
      readOverview({ path: broken, now: 0 }),
      /^StoreError: the account database is damaged/,
    )
  })
})
