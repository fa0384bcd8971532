import assert from "node:assert/strict"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { newAccount, openAccountStore, readOverview } from "../../src/accounts/index.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { idcLogin } from "./logins.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const root = temporaryFolder()

describe("the overview of a store", () => {
  it("shows accounts and the turns of one session, and nothing secret", async () => {
    const path = join(root, "kiro.db")
    const store = await openAccountStore({ path, clock: systemClock, log: silentLog, random: Math.random })
    await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "one" })] }))
    await store.add(newAccount({ id: "b", now: 2, logins: [idcLogin({ id: "two" })] }))
    await store.remove("b")
    const began = Date.now()
    await store.addTurn({ sessionId: "ses_1", accountId: "a", credits: 0.5, at: began })
    await store.addTurn({ sessionId: "ses_1", accountId: "a", credits: 0.25, at: Date.now() })
    await store.addTurn({ sessionId: "ses_2", accountId: "a", credits: 9, at: Date.now() })

    const overview = await readOverview({ path, sessionId: "ses_1" })
    const wholeTurn = await readOverview({ path, sessionId: "ses_1", turnSince: began })
    const nothingYet = await readOverview({ path, sessionId: "ses_1", turnSince: Date.now() + 1000 })
    await store.close()
    assert.equal(wholeTurn?.session.lastTurnCredits, 0.75)
    assert.equal(nothingYet?.session.lastTurnCredits, undefined)
    assert.deepEqual(overview?.session, { accountId: "a", lastTurnCredits: 0.25, credits: 0.75 })
    assert.equal(overview?.accounts.length, 1)
    assert.match(overview?.accounts[0]?.name ?? "", /^Builder ID ··[0-9a-f]{4}$/)
    assert.doesNotMatch(JSON.stringify(overview), /access-|refresh-|secret-/)
  })

  it("adds to what an account has used what was spent since, unless a trial may have paid for it", async () => {
    const path = join(root, "spent.db")
    const store = await openAccountStore({ path, clock: systemClock, log: silentLog, random: Math.random })
    const checkedAt = Date.now() - 1000
    const quota = { checkedAt, used: 10, limit: 50, bonuses: [], overage: { enabled: false, used: 0 } }
    const trial = { used: 1, limit: 500 }
    await store.add({ ...newAccount({ id: "a", now: 1, logins: [] }), quota })
    await store.add({ ...newAccount({ id: "b", now: 2, logins: [] }), quota: { ...quota, trial } })
    for (const accountId of ["a", "b"]) {
      await store.addTurn({ sessionId: "ses", accountId, credits: 4, at: checkedAt - 1 })
      await store.addTurn({ sessionId: "ses", accountId, credits: 0.5, at: checkedAt + 1 })
    }
    const overview = await readOverview({ path })
    await store.close()
    assert.deepEqual(
      overview?.accounts.map((account) => account.quota?.used),
      [10.5, 10],
    )
  })

  it("is nothing, and makes no file, where there is no store or one that can't be read", async () => {
    const missing = join(root, "missing.db")
    assert.equal(await readOverview({ path: missing }), undefined)
    assert.ok(!existsSync(missing))
    const broken = join(root, "broken.db")
    writeFileSync(broken, "this is no database".repeat(100))
    assert.equal(await readOverview({ path: broken }), undefined)
  })
})
