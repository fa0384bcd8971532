import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { finish, text } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { startOpencodeServer } from "../support/opencode/index.ts"
import { withFakeAndSandbox } from "./setup.ts"

describe("OpenCode while nobody is signed in to Kiro", () => {
  it("says once what to do, and answers the next message after a sign-in with kiro-cli, without a restart", () =>
    withFakeAndSandbox(async ({ fake, account, sandbox }) => {
      await using server = await startOpencodeServer(sandbox)
      const session = await server.newSession()
      const turn = await server.prompt(session, "hello")
      assert.match(JSON.stringify(turn.info["error"]), /no account is signed in.*opencode auth login/)
      assert.deepEqual(fake.requests, [])
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
      fake.answer(text("There you are."), finish())
      const after = await server.prompt(session, "and now?")
      assert.equal(after.info["error"], undefined)
      assert.equal(after.info["finish"], "stop")
    }))
})
