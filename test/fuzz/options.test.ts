import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { extname, join } from "node:path"
import { describe, it } from "node:test"

const MAIN = join(import.meta.dirname, `main${extname(import.meta.filename)}`)

describe("a script of ours that is called with what it does not know", () => {
  for (const [args, sentence] of [
    [["--sead", "1"], /^Unknown option '--sead'.*\n$/],
    [["--only", "nothing"], /^No test file with a property is called "nothing"\.\n$/],
    [["--runs", "many"], /^--runs takes a number, not "many"\.\n$/],
  ] as const)
    it(`says so in a sentence and ends with 2: ${args.join(" ")}`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" })
      assert.match(stderr, sentence)
      assert.deepEqual([status, stdout], [2, ""])
    })
})
