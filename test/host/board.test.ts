import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, it } from "node:test"
import { accountName, newAccount } from "../../src/accounts/index.ts"
import { type Board, readBoard } from "../../src/host/index.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { idcLogin } from "../accounts/logins.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { addTurn } from "../support/add-turn.ts"
import { openStore } from "../accounts/open-for-test.ts"

const place = { env: {}, platform: "linux", home: temporaryFolder() }
const paths = pathsFor(place)

function look(sessionId?: string): Promise<Board> {
  const project = { directory: "/code/x/src", worktree: "/code/x" }
  return readBoard({ place, project, sessionId, now: Date.now() })
}

describe("what a screen shows", () => {
  it("is nothing, and makes nothing, where nobody ever signed in", async () => {
    assert.deepEqual(await look(), {
      accounts: [],
      session: { credits: 0 },
      today: { credits: 0, lifted: false },
      problems: [],
      project: "/code/x",
    })
  })

  it("is the accounts, the budget, the rule for this folder and what is wrong with the settings", async () => {
    const { store } = await openStore({ path: paths.database })
    await store.add({ ...newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "one" })] }), label: "Work" })
    await addTurn(store, { sessionId: "s", accountId: "a", credits: 2, at: Date.now() })
    await store.close()
    mkdirSync(dirname(paths.settingsFile), { recursive: true })
    const account_rules = [{ project: "/code/*", account: "Work" }]
    writeFileSync(paths.settingsFile, JSON.stringify({ account_rules, daily_credit_budget: 5, toasts: 1 }))
    const board = await look("s")
    assert.deepEqual(board.today, { credits: 2, lifted: false, budget: 5 })
    assert.deepEqual(board.rule, { account: "a", project: "/code/*" })
    assert.deepEqual(board.session, { accountId: "a", lastTurnCredits: 2, credits: 2 })
    assert.match(board.problems.join(), /^toasts in .*kiro\.json must be true or false; it is ignored\.$/)
    assert.doesNotMatch(JSON.stringify(board), /access-|refresh-|secret/i)
  })

  it("names the account of the project's rule by each of its names, and by those that it had", async () => {
    const rules = (...accounts: readonly string[]): void =>
      writeFileSync(
        paths.settingsFile,
        JSON.stringify({ account_rules: accounts.map((account) => ({ project: "/code/*", account })) }),
      )
    const named = async (): Promise<string | undefined> => (await look("s")).rule?.account
    const { store } = await openStore({ path: paths.database })
    await store.update("a", (account) => ({ ...account, record: { ...account.record, joined: ["older"] } }))
    await store.add(newAccount({ id: "b", now: 2, logins: [idcLogin({ id: "two" })] }))
    const [, other] = await store.list()
    await store.close()
    const short = other === undefined ? "" : accountName(other).slice(-4)
    for (const [written, id] of [
      ["a", "a"],
      ["Work", "a"],
      ["older", "a"],
      [short, "b"],
      // The end of a name is none.
      ["ork", "ork"],
    ] as const) {
      rules(written)
      assert.equal(await named(), id, written)
    }
    writeFileSync(paths.settingsFile, JSON.stringify({ account_rules: [{ model: "auto", account: "a" }] }))
    assert.equal(await named(), undefined)
  })
})
