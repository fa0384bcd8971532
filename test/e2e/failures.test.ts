import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, it } from "node:test"
import { exception, FAILURES, finish, text } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { withServer } from "./setup.ts"

describe("OpenCode when Kiro says no", () => {
  it("answers after two throttles, without an error", () =>
    withServer(
      async ({ fake, server }) => {
        const session = await server.newSession()
        fake.fail(FAILURES.throttled)
        fake.fail(FAILURES.throttled)
        fake.answer(text("At last."), finish())
        const turn = await server.prompt(session, "hello")
        assert.equal(turn.info["finish"], "stop")
        assert.equal(fake.chats.length, 3)
        assert.equal(turn.info["error"], undefined)
      },
      { settings: { rate_limit_retry_delay_ms: 1000 } },
    ))

  it("goes on with a second account when the first has nothing left, and stays with it", () =>
    withServer(async ({ fake, server, sandbox }) => {
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [fake.account({ kind: "social" })] })
      fake.fail(FAILURES.monthlyLimit)
      fake.answer(text("From the other one."), finish())
      fake.answer(text("And again."), finish())
      const session = await server.newSession()
      for (const text of ["hello", "and now?"]) {
        const turn = await server.prompt(session, text)
        assert.equal(turn.info["error"], undefined)
      }
      const [first, second, third] = fake.chats.map((chat) => chat.account)
      assert.notEqual(first, second)
      assert.equal(third, second)
      assert.equal(fake.chats.length, 3)
    }))

  it("says whose limit is reached and until when, without a word of an e-mail address, and asks nobody again", () =>
    withServer(
      async ({ fake, server }) => {
        const session = await server.newSession()
        const turn = await server.prompt(session, "hello")
        const error = JSON.stringify(turn.info["error"])
        assert.match(error, /Builder ID/)
        assert.match(error, /2026-12-01|Dec(ember)? 1|1 Dec/)
        assert.doesNotMatch(error, /somebody|example\.com/)
        const asked = fake.chats.length
        assert.ok(asked <= 1)
        await server.prompt(session, "and now?")
        assert.equal(fake.chats.length, asked)
      },
      { account: { email: "somebody@example.com", usage: { used: 50, limit: 50 } } },
    ))

  it("ends with an error when the limit comes in the middle of an answer, and does not ask again", () =>
    withServer(async ({ fake, server }) => {
      const session = await server.newSession()
      const limit = { message: "You have reached the limit.", reason: "MONTHLY_REQUEST_COUNT" }
      fake.answer(text("half"), exception("ServiceQuotaExceededException", limit))
      const turn = await server.prompt(session, "hello")
      assert.notEqual(turn.info["error"], undefined)
      await sleep(1500)
      assert.equal(fake.chats.length, 1)
    }))
})
