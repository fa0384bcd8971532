import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type AccountOptions,
  type FakeAccount,
  exception,
  FAILURES,
  finish,
  text,
} from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { openServerStage, stageForTests } from "./setup.ts"

const SOMEBODY: AccountOptions = { email: "somebody@example.com" }

function useUp(account: FakeAccount): void {
  account.usage = { ...account.usage, used: account.usage.limit }
}

/** One session after the other with the same two accounts, until both have nothing left. */
describe("OpenCode when Kiro says no", { concurrency: false }, () => {
  const lab = stageForTests(() =>
    openServerStage({ account: SOMEBODY, settings: { rate_limit_retry_delay_ms: 1000 } }),
  )

  it("answers after two throttles, without an error", async () => {
    const { fake, server } = lab.stage
    fake.fail(FAILURES.throttled)
    fake.fail(FAILURES.throttled)
    fake.answer(text("At last."), finish())
    const turn = await server.prompt(await server.newSession(), "hello")
    assert.equal(turn.info["finish"], "stop")
    assert.equal(turn.info["error"], undefined)
  })

  it("goes on with a second account when the first has nothing left, and stays with it", async () => {
    const { fake, server, sandbox } = lab.stage
    const other = fake.account({ ...SOMEBODY, kind: "social" })
    await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [other] })
    fake.onRequest = ({ status, account }) => {
      if (status === 402 && account !== undefined) useUp(account)
    }
    fake.fail(FAILURES.monthlyLimit)
    fake.answer(text("From the other one."), finish())
    fake.answer(text("And again."), finish())
    const session = await server.newSession()
    for (const words of ["hello", "and now?"]) {
      const turn = await server.prompt(session, words)
      assert.equal(turn.info["error"], undefined)
    }
    const [first, second, third] = fake.chats.map((chat) => chat.account)
    assert.ok(first !== second && second === third)
    assert.equal(fake.chats.length, 3)
  })

  it("ends with an error when the limit comes in the middle of an answer, and does not ask again", async () => {
    const { fake, server } = lab.stage
    fake.onRequest = ({ operation }) => {
      if (operation === "GenerateAssistantResponse") fake.accounts.forEach(useUp)
    }
    const limit = { message: "You have reached the limit.", reason: "MONTHLY_REQUEST_COUNT" }
    fake.answer(text("half"), exception("ServiceQuotaExceededException", limit))
    const turn = await server.prompt(await server.newSession(), "hello")
    assert.notEqual(turn.info["error"], undefined)
    lab.late.settled(1)
  })

  it("says whose limit is reached and until when, without a word of an e-mail address, and asks nobody again", async () => {
    const { fake, server } = lab.stage
    const session = await server.newSession()
    for (const words of ["hello", "and now?"]) {
      const turn = await server.prompt(session, words)
      const error = JSON.stringify(turn.info["error"])
      assert.match(error, /Builder ID/)
      assert.match(error, /until (?:[A-Z][a-z]{2} \d+(?:, \d{4})?|\d\d:\d\d) /)
      assert.doesNotMatch(error, /somebody|example\.com/)
      assert.equal(fake.chats.length, 0)
    }
  })
})
