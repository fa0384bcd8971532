import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { finish, text } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { hasTmux, packageFolder, runOpencode, type Sandbox, Screen } from "../support/opencode/index.ts"
import { type Stage, withFakeAndSandbox } from "./setup.ts"

/** The program of a real OpenCode 2. Without it nothing here runs: no registry that we know has one to install. */
const PROGRAM = process.env["OPENCODE2_BIN"] ?? ""
const NO_PROGRAM = PROGRAM === "" ? { skip: "OPENCODE2_BIN names no OpenCode 2" } : {}
const NO_TERMINAL = hasTmux() ? NO_PROGRAM : { skip: "no tmux" }

describe("a real OpenCode 2", () => {
  for (const key of ["plugins", "plugin"])
    it(`is answered with the one line in "${key}"`, NO_PROGRAM, () =>
      withVersion2(key, async ({ fake, sandbox }) => {
        fake.answer(text("Hello from Kiro."), finish())
        const run = await run2(sandbox, ["--model", "kiro/claude-sonnet-4-5", "Say hello."])
        assert.match(run.text, /Hello from Kiro/, run.text)
        assert.doesNotMatch(run.text, /failed to load plugin/)
        const byHook = /made by the hook/.test(kiroLog(sandbox))
        console.log(`# answered through the ${byHook ? "hook" : "module that the host imports"}`)
      }),
    )

  it("thinks by a variant", NO_PROGRAM, () =>
    withVersion2("plugins", async ({ fake, sandbox }) => {
      fake.answer(text("Thought."), finish())
      const run = await run2(sandbox, ["--model", "kiro/claude-sonnet-4-5#max", "Think."])
      assert.match(run.text, /Thought/, run.text)
    }),
  )

  it("says what to do without a login", NO_PROGRAM, () =>
    withFakeAndSandbox(
      async ({ sandbox }) => {
        const run = await run2(sandbox, ["--model", "kiro/auto", "hello"])
        assert.match(run.text, /no account is signed in/, run.text)
      },
      { config: { plugins: [packageFolder()] } },
    ),
  )

  it("lists the accounts in its terminal UI", NO_TERMINAL, () =>
    withVersion2("plugins", async ({ sandbox }) => {
      const screen = new Screen(sandbox, 140, [PROGRAM, "--standalone"])
      try {
        await screen.shows(/\S/)
        screen.type("/kiro")
        await screen.shows(/Kiro accounts/)
        screen.press("Enter")
        assert.doesNotMatch(
          await screen.shows(/Sign in to another account/),
          /plugin failed|Invalid V2 TUI plugin module/i,
        )
      } finally {
        screen.close()
      }
    }),
  )
})

function withVersion2(key: string, test: (stage: Stage) => Promise<void>): Promise<void> {
  return withFakeAndSandbox(
    async (stage) => {
      await seedKiroCliStore({ path: stage.sandbox.kiroCliStore, accounts: [stage.account] })
      await test(stage)
    },
    { config: { [key]: [packageFolder()] } },
  )
}

function run2(sandbox: Sandbox, words: readonly string[]): ReturnType<typeof runOpencode> {
  const args = ["run", "--standalone", "--format", "json", "--print-logs", ...words]
  return runOpencode(sandbox, args, { program: PROGRAM })
}

function kiroLog(sandbox: Sandbox): string {
  try {
    return readFileSync(join(sandbox.data, "log", "kiro.log"), "utf8")
  } catch {
    return ""
  }
}
