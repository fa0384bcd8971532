import assert from "node:assert/strict"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import { newAccount, openAccountStore, readOverview } from "../../src/accounts/index.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { idcLogin } from "./logins.ts"

const root = mkdtempSync(join(tmpdir(), "kiro-overview-"))
after(() => rmSync(root, { recursive: true, force: true }))

describe("the overview of a store", () => {
  it("shows accounts and the turns of one session, and nothing secret", async () => {
    const path = join(root, "kiro.db")
    const store = await openAccountStore({ path, clock: systemClock, log: silentLog, random: Math.random })
    await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "one" })] }))
    await store.add(newAccount({ id: "b", now: 2, logins: [idcLogin({ id: "two" })] }))
    await store.remove("b")
    await store.addTurn({ sessionId: "ses_1", accountId: "a", credits: 0.5, at: Date.now() })
    await store.addTurn({ sessionId: "ses_1", accountId: "a", credits: 0.25, at: Date.now() })
    await store.addTurn({ sessionId: "ses_2", accountId: "a", credits: 9, at: Date.now() })

    const overview = await readOverview({ path, sessionId: "ses_1" })
    await store.close()
    assert.deepEqual(overview?.session, { accountId: "a", lastTurnCredits: 0.25, credits: 0.75 })
    assert.equal(overview?.accounts.length, 1)
    assert.match(overview?.accounts[0]?.name ?? "", /^Builder ID ··[0-9a-f]{4}$/)
    assert.doesNotMatch(JSON.stringify(overview), /access-|refresh-|secret-/)
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
