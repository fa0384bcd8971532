import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { needsMount } from "../support/posix.ts"
import { type Lab, openLab } from "./lab.ts"

describe("where kiro.db is of no use", () => {
  let lab: Lab
  beforeEach(async () => {
    lab = await openLab()
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [lab.fake.account()] })
  })
  afterEach(() => lab.close())

  it("nothing is said to be done that it does not keep", needsMount, async () => {
    await lab.run("import")
    const [, short = ""] = /··([0-9a-f]{4})/.exec((await lab.run("accounts")).out) ?? []
    const { config } = lab.sandbox
    execFileSync("mount", ["--bind", config, config])
    try {
      execFileSync("mount", ["-o", "remount,ro,bind", config])
      for (const words of [
        ["accounts", "label", short, "work"],
        ["accounts", "disable", short],
        ["accounts", "enable", short],
        ["accounts", "remove", short],
        ["budget", "lift"],
        ["import"],
      ]) {
        const said = await lab.run(...words)
        assert.deepEqual([said.code, said.out], [1, ""], words.join(" "))
        assert.match(said.err, /✗ .*can't be (?:written|opened)/)
        const { code, json } = await lab.run(...words, "--json")
        assert.equal(code, 1)
        assert.match(
          JSON.stringify(json),
          /^\{"error":"[^"]*can't be (?:written|opened)[^"]*"\}$/,
          words.join(" "),
        )
      }
      assert.equal((await lab.run("accounts")).code, 0)
    } finally {
      execFileSync("umount", ["--lazy", config])
    }
  })

  it("nobody is said to be signed in to nothing", async () => {
    mkdirSync(join(lab.sandbox.config, "kiro.db"))
    for (const words of [
      ["accounts"],
      ["accounts", "disable", "a1b2"],
      ["usage"],
      ["usage", "--days", "2"],
      ["budget"],
    ]) {
      const said = await lab.run(...words)
      assert.deepEqual([said.code, said.out], [1, ""], words.join(" "))
      assert.match(said.err, /✗ \S+kiro\.db can't be read: for the reason run `[^`\n]* doctor`\.$/m)
      const { json } = await lab.run(...words, "--json")
      assert.match(JSON.stringify(json), /^\{"error":"[^"]*kiro\.db can't be read/)
    }
  })
})
