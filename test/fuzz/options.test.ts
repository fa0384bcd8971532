import assert from "node:assert/strict"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { needsSignals } from "../support/posix.ts"

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

describe("a run of many cases", () => {
  it("that is stopped in its last lot says how it goes on", needsSignals, async () => {
    const run = spawn(process.execPath, [MAIN, "--only", "decoder", "--runs", "4000", "--seed", "7"])
    let printed = ""
    run.stdout.on("data", (chunk: unknown) => {
      if (printed === "") run.kill("SIGINT")
      printed += String(chunk)
    })
    await once(run, "close")
    assert.match(printed, /^0 sequences, 0 failures \(decoder, seed 7, .*\n/)
    assert.match(printed, /\ngo on with: .* --only decoder --runs 4000 --seed 7 --from 0\n$/)
  })
})
