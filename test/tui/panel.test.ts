import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { extname, join } from "node:path"
import { describe, it } from "node:test"

/** What stands on the screen after each step; see the process. */
function play(scene: "failedLook" | "lateAnswer" | "otherModel"): readonly string[] {
  const script = join(import.meta.dirname, `panel-process${extname(import.meta.filename)}`)
  const out = execFileSync(process.execPath, ["--conditions=browser", script, scene], { encoding: "utf8" })
  return JSON.parse(out) as readonly string[]
}

describe("the panel on a screen", { skip: !("Bun" in globalThis) && "OpenTUI draws under Bun" }, () => {
  it("keeps what it shows where a look fails, and says so of a session that it never saw", () => {
    const [before = "", after, other = ""] = play("failedLook")
    assert.match(before, /First/)
    assert.equal(after, before)
    assert.match(other, /The accounts could not be read: it is busy/)
  })

  it("shows nothing of a session that was left before its answer came", () => {
    const [before, opened = "", late] = play("lateAnswer")
    assert.equal(before, "")
    assert.match(opened, /Second/)
    assert.equal(late, opened)
  })

  it("is empty once the session is with another provider's model", () => {
    const [before = "", after] = play("otherModel")
    assert.match(before, /First/)
    assert.equal(after, "")
  })
})
