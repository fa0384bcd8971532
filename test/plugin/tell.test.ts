import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createFit, createTell, type LoginToast } from "../../src/plugin/toasts.ts"
import { eventually, fakeClock } from "../support/clock.ts"

const added: LoginToast = { message: "Builder ID ··a1b2 was added.\n12 models.", variant: "success" }
const denied: LoginToast = { message: "The sign-in was denied.", variant: "error" }

describe("telling of a sign-in", () => {
  const surfaces = (argv: string[], isTTY = true) => {
    const written: string[] = []
    const toasts: LoginToast[] = []
    const clock = fakeClock()
    const tell = createTell({
      argv,
      output: { isTTY, write: (text) => written.push(text) },
      clock,
      signal: new AbortController().signal,
      toast: (message) => void toasts.push(message),
    })
    return { tell, written, toasts, clock }
  }
  const command = ["bun", "/$bunfs/root/src/index.js", "auth", "login", "-p", "kiro"]

  it("writes lines above the spinner of the login command, and leaves errors to it", () => {
    const { tell, written, toasts } = surfaces(command)
    tell(added)
    tell({ ...added, printed: true })
    tell(denied)
    assert.deepEqual(written, ["\r\u001B[J│  Builder ID ··a1b2 was added.\n│  12 models.\n"])
    assert.deepEqual(toasts, [])
  })

  it("breaks its lines between words, as wide as the terminal is", () => {
    const { tell, written } = surfaces(command)
    const words = "Choose one: /kiro, or `node /some/folder/of/packages/main.js accounts profile ec20 2`."
    tell({ message: `${"x".repeat(90)}\n  ${words}`, variant: "success" })
    assert.deepEqual(written.join("").split("\n").slice(1, 3), [
      "│    Choose one: /kiro, or `node /some/folder/of/packages/main.js accounts",
      "│  profile ec20 2`.",
    ])
    written.length = 0
    tell({ message: `${"x".repeat(40)} ${"y".repeat(37)} z`, variant: "success" })
    const lines = written.join("").split("\n")
    assert.deepEqual(lines.slice(1), [`│  ${"y".repeat(37)} z`, ""])
  })

  it("breaks what the login command prints by itself, behind a bar as wide, and nothing for the terminal UI", () => {
    const text = `work answers in /home/me/project from now on: a rule in ${"x".repeat(20)} says so.\n${"y".repeat(90)}`
    const output = { isTTY: true, columns: 60, write: () => true }
    assert.deepEqual(createFit({ argv: command, output })(text).split("\n"), [
      "work answers in /home/me/project from now on: a rule in",
      `${"x".repeat(20)} says so.`,
      "y".repeat(90),
    ])
    for (const other of [
      { argv: ["bun", "src/cli/tui/worker.js"], output },
      { argv: command, output: { ...output, isTTY: false } },
    ])
      assert.equal(createFit(other)(text), text)
  })

  it("writes no control characters where the output is no terminal", () => {
    const { tell, written } = surfaces(["opencode", "providers", "login"], false)
    tell(added)
    assert.deepEqual(written, ["│  Builder ID ··a1b2 was added.\n│  12 models.\n"])
  })

  it("shows toasts everywhere else, an error after the host's own", async () => {
    const { tell, written, toasts, clock } = surfaces(["bun", "src/cli/tui/worker.js"])
    tell(added)
    tell(denied)
    assert.deepEqual(toasts, [added])
    await eventually(() => toasts.length === 2)
    assert.deepEqual(toasts, [added, denied])
    assert.deepEqual(clock.slept, [600])
    assert.deepEqual(written, [])
  })
})
