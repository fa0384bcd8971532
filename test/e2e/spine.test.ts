import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { before, beforeEach, describe, it } from "node:test"
import {
  type FakeAccount,
  type FakeKiro,
  finish,
  inPieces,
  text,
  toolUse,
} from "../support/fake-kiro/index.ts"
import { readKiroCliRow, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { type OpencodeServer, runOpencode, type Sandbox } from "../support/opencode/index.ts"
import { NOBODY, openServerStage, withFakeAndSandbox } from "./setup.ts"

/** With all providers that OpenCode carries with it. */
const AS_PEOPLE_HAVE_IT = { wholeCatalogue: true }

describe("OpenCode with the plugin as its only configuration", () => {
  it("answers with the account of kiro-cli, renews its expired token on the way and writes it back", () =>
    withFakeAndSandbox(async ({ fake, account, sandbox }) => {
      account.expire()
      const expiresAt = Date.now() - 3_600_000
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account], expiresAt })
      fake.answer(inPieces(3), text("Grüße ", "aus der ", "Attrappe 🙂"), finish())
      const run = await runOpencode(sandbox, ["run", "-m", "kiro/claude-sonnet-4-5", "hello"])
      assert.equal(run.code, 0, run.text)
      assert.match(run.stdout, /Grüße aus der Attrappe 🙂/)
      assert.equal(fake.chats[0]?.account, account)
      assert.deepEqual(fake.refused, [])
      assert.equal(account.refreshCount, 1)
      const row = await readKiroCliRow(sandbox.kiroCliStore, "kirocli:odic:token")
      assert.equal((row as { refresh_token: string }).refresh_token, account.refreshToken)
    }, AS_PEOPLE_HAVE_IT))
})

/** Each test goes on where the one before it ended: first nobody is signed in. */
describe("OpenCode that is open all the while", { concurrency: false }, () => {
  let fake: FakeKiro
  let account: FakeAccount
  let sandbox: Sandbox
  let server: OpencodeServer
  let session = ""
  before(async () => {
    ;({ fake, account, sandbox, server } = await openServerStage(NOBODY))
    session = await server.newSession()
  })
  beforeEach(() => fake.forget())

  it("lists the models", async () => {
    const models = await server.models()
    for (const id of ["claude-sonnet-4-5", "claude-opus-4-6-thinking", "claude-haiku-4-5", "auto"])
      assert.ok(models.has(id), id)
  })

  it("says what to do while nobody is signed in, and asks nothing of anyone", async () => {
    const turn = await server.prompt(session, "hello")
    const error = JSON.stringify(turn.info["error"])
    assert.match(error, /no account is signed in.*opencode auth login/)
    assert.doesNotMatch(error, /undefined\/chat\/completions/)
    assert.deepEqual(fake.requests, [])
  })

  it("answers the next message after a sign-in with kiro-cli, without a restart", async () => {
    await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
    fake.answer(text("There you are."), finish())
    const turn = await server.prompt(session, "and now?")
    assert.equal(turn.info["error"], undefined)
    assert.equal(turn.info["finish"], "stop")
  })

  it("renews a token that the service refuses though it looked valid", async () => {
    account.expire()
    fake.answer(text("renewed"), finish())
    const turn = await server.prompt(session, "still there?")
    assert.equal(turn.info["error"], undefined)
    assert.match(JSON.stringify(turn.parts), /renewed/)
    assert.equal(account.refreshCount, 1)
  })

  it("writes a file, reads it, runs a command and makes two reads at once, by requests that are all accepted", async () => {
    const file = join(sandbox.project, "hello.txt")
    const copy = join(sandbox.project, "copy.txt")
    const endOfCall = finish({ stopReason: "TOOL_USE" })
    const content = 'Hello "Kiro"\n\u00FCber \\ 🙂\n'
    fake.answer(
      text("I write it."),
      toolUse({ name: "write", input: { filePath: file, content }, pieces: 9 }),
      endOfCall,
    )
    fake.answer(toolUse({ name: "read", input: { filePath: file } }), endOfCall)
    fake.answer(
      inPieces(1),
      toolUse({ name: "bash", input: { command: "cp hello.txt copy.txt", description: "Copy" } }),
      endOfCall,
    )
    fake.answer(
      toolUse({ name: "read", input: { filePath: file } }),
      toolUse({ name: "read", input: { filePath: copy } }),
      endOfCall,
    )
    fake.answer(text("All done."), finish())
    const turn = await server.prompt(await server.newSession(), "Write hello.txt and copy it")
    assert.match(JSON.stringify(turn.parts), /All done\./)
    assert.equal(readFileSync(file, "utf8"), content)
    assert.ok(existsSync(copy))
    assert.deepEqual(
      fake.refused.map(({ reply }) => reply.body),
      [],
    )
    assert.equal(fake.chats.length, 5)
    const last = JSON.stringify(fake.chats.at(-1)?.body)
    assert.equal(last.match(/"toolResults"/g)?.length, 4)
    assert.match(last, /über/)
  })
})
