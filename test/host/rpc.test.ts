import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { describe, it } from "node:test"
import { newAccount, shortId } from "../../src/accounts/index.ts"
import { startHost } from "../../src/host/index.ts"
import { accountsRpcHandlers } from "../../src/host/rpc.ts"
import { present } from "../../src/json.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { idcLogin } from "../accounts/logins.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { addTurn } from "../support/add-turn.ts"

describe("what the terminal UI of OpenCode 2 asks its server", () => {
  it("is answered by the account's own name where none is given, and by a refusal where it can be shown", async () => {
    const { host, handlers } = await server("Work")
    const renamed = await handlers.act({ act: "rename", account: "a" })
    assert.match(renamed.message, /^Work is called Builder ID ··[0-9a-f]{4} again\.$/)
    assert.deepEqual(await handlers.act({ act: "sell", account: "a" }), {
      outcome: "refused",
      message: "The server knows no such command.",
    })
    // Who can't ask about it any more hears at once why it was not begun.
    await assert.rejects(handlers.signInAgain({ account: "gone" }), /is gone: it was removed elsewhere/)
    assert.ok("refused" in (await handlers.signInAgain({ account: "gone", attempt: "1" })))
    assert.deepEqual(await handlers.signIn({ method: "by-letter", attempt: "2" }), {
      refused: "The server knows no such way to sign in.",
    })
    assert.deepEqual(await handlers.profiles({ account: "gone" }), {
      refused: `The account ··${shortId({ id: "gone" })} is gone: it was removed elsewhere.`,
    })
    assert.deepEqual(await handlers.signInOutcome({ attempt: "1" }), { state: "unknown" })
    await host.close()
  })

  it("is done with what it names, and refused where it names nothing to do it with", async () => {
    const { host, handlers, store } = await server("Work")
    const about = {
      sessionId: "ses_1",
      project: "/code/x",
      profileArn: "arn:aws:codewhisperer:us-east-1:1:profile/P",
    }
    for (const [act, does] of [
      ["use-for-session", /^Work answers in this session from now on\./],
      ["use-for-project", /^Work answers in \/code\/x from now on: /],
      ["choose-profile", /^Work uses the profile P in us-east-1\.$/],
      ["rename", /^Work is called Home now\.$/],
      ["disable", /^Home is switched off/],
      ["enable", /^Home is switched on\.$/],
      ["lift-budget", /is lifted until the end of the day/],
    ] as const) {
      const done = await handlers.act({ act, account: "a", name: "Home", ...about })
      assert.equal(done.outcome, "done", done.message)
      assert.match(done.message, does)
    }
    assert.equal((await store.session("ses_1")).chosenAccountId, "a")
    assert.equal((await store.get("a"))?.profileArn, about.profileArn)
    for (const act of ["use-for-session", "use-for-project", "choose-profile"])
      assert.equal((await handlers.act({ act, account: "a" })).message, "The server knows no such command.")
    assert.equal((await handlers.act({ act: "remove", ...about })).outcome, "refused")
    assert.equal((await handlers.act({ act: "remove", account: "a" })).outcome, "done")
    assert.deepEqual(await store.list(), [])
    await host.close()
  })

  it("is told in words that nobody can look at the accounts now", async () => {
    const { place, project } = at(temporaryFolder())
    const { configDirectory, database } = pathsFor(place)
    mkdirSync(configDirectory, { recursive: true })
    writeFileSync(database, "this is no database".repeat(100))
    const host = startHost({ place, project, show: () => undefined })
    const handlers = accountsRpcHandlers({ host, place, project, changed: () => undefined })
    const answer = await handlers.board({})
    assert.match("refused" in answer ? answer.refused : "", /^the account database is damaged/)
    await host.close()
  })

  it("is told of the last turn also where it is not said in numbers when that began", async () => {
    const { host, handlers, store } = await server()
    const turn = { accountId: "a", sessionId: "ses_1", credits: 2, at: Date.now() }
    await addTurn(store, turn)
    for (const turnStarts of [[], [null], ["1970"], null]) {
      const board = await handlers.board({ sessionId: "ses_1", turnStarts })
      assert.equal("session" in board && board.session.lastTurnCredits, 2)
    }
    await host.close()
  })
})

function at(home: string) {
  return {
    place: { env: {}, platform: "linux", home },
    project: { directory: home, worktree: home },
  }
}

/** A server with one account, `a`. */
async function server(label?: string) {
  const { place, project } = at(temporaryFolder())
  const host = startHost({ place, project, show: () => undefined })
  const { store } = (await host.services()).accounts
  const account = newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "one" })] })
  await store.add({ ...account, ...present({ label }) })
  return { host, handlers: accountsRpcHandlers({ host, place, project, changed: () => undefined }), store }
}
