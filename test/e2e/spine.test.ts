import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { finish, inPieces, text, toolUse } from "../support/fake-kiro/index.ts"
import { readKiroCliRow, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { runOpencode } from "../support/opencode/index.ts"
import { withFakeAndSandbox } from "./setup.ts"

const RUN = ["run", "-m", "kiro/claude-sonnet-4-5"]

describe("OpenCode with the plugin as its only configuration, and a kiro-cli session", () => {
  it("lists the models", () =>
    withFakeAndSandbox(async ({ sandbox }) => {
      const { text: models } = await runOpencode(sandbox, ["models", "kiro"])
      for (const id of ["claude-sonnet-4-5", "claude-opus-4-6-thinking", "claude-haiku-4-5", "auto"])
        assert.match(models, new RegExp(`^kiro/${id}$`, "m"))
    }))

  it("answers, and the account is the one of kiro-cli", () =>
    withFakeAndSandbox(async ({ fake, account, sandbox }) => {
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
      fake.answer(inPieces(3), text("Grüße ", "aus der ", "Attrappe 🙂"), finish())
      const run = await runOpencode(sandbox, [...RUN, "hello"])
      assert.equal(run.code, 0, run.text)
      assert.match(run.stdout, /Grüße aus der Attrappe 🙂/)
      assert.equal(fake.chats[0]?.account, account)
      assert.deepEqual(fake.refused, [])
    }))

  it("renews an expired token on the way and writes it back to kiro-cli", () =>
    withFakeAndSandbox(async ({ fake, account, sandbox }) => {
      account.expire()
      await seedKiroCliStore({
        path: sandbox.kiroCliStore,
        accounts: [account],
        expiresAt: Date.now() - 3_600_000,
      })
      fake.answer(text("renewed"), finish())
      const run = await runOpencode(sandbox, [...RUN, "hello"])
      assert.match(run.stdout, /renewed/, run.text)
      assert.equal(account.refreshCount, 1)
      const row = await readKiroCliRow(sandbox.kiroCliStore, "kirocli:odic:token")
      assert.equal((row as { refresh_token: string }).refresh_token, account.refreshToken)
    }))

  it("renews a token that the service refuses though it looked valid", () =>
    withFakeAndSandbox(async ({ fake, account, sandbox }) => {
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
      account.expire()
      fake.answer(text("renewed"), finish())
      const run = await runOpencode(sandbox, [...RUN, "hello"])
      assert.match(run.stdout, /renewed/, run.text)
      assert.equal(account.refreshCount, 1)
    }))

  it("says what to do where nobody is logged in", () =>
    withFakeAndSandbox(async ({ fake, sandbox }) => {
      const run = await runOpencode(sandbox, [...RUN, "hello"])
      assert.match(run.text, /opencode auth login/)
      assert.doesNotMatch(run.text, /undefined\/chat\/completions/)
      assert.deepEqual(fake.received("GenerateAssistantResponse"), [])
    }))
})

describe("a tool loop in OpenCode", () => {
  it("writes a file, reads it, runs a command and makes two reads at once, by requests that are all accepted", () =>
    withFakeAndSandbox(async ({ fake, account, sandbox }) => {
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
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
      const run = await runOpencode(sandbox, [...RUN, "Write hello.txt and copy it"])
      assert.match(run.stdout, /All done\./, run.text)
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
    }))
})
