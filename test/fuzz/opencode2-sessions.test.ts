import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import {
  exception,
  FAILURES,
  finish,
  pause,
  reasoning,
  redactedReasoning,
  reset,
  silence,
  stream,
  text,
  toolUse,
  truncated,
  type Script,
  type Steps,
} from "../support/fake-kiro/index.ts"
import { openStage } from "../opencode2/stage.ts"
import { casesOf } from "./runs.ts"
import { PNG } from "../support/pixel.ts"

const MODELS = [
  "kiro/claude-sonnet-4-5",
  "kiro/claude-opus-4-6#high",
  "kiro/claude-opus-4-6",
  "kiro/claude-opus-4-8",
]

let signatures = 0

const piece = fc.oneof(
  fc.string({ maxLength: 8, unit: "grapheme" }).map((it) => text(it)),
  fc
    .string({ minLength: 1, maxLength: 8 })
    .map((it) =>
      reasoning({ text: it, signature: Buffer.from(`signature ${signatures++}`).toString("base64") }),
    ),
  fc.constant([redactedReasoning("aGlkZGVu")]),
  fc
    .record({
      name: fc.constantFrom("read", "shot", "fails", "unknown tool!", "mcp_with.odd-name"),
      input: fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }),
      pieces: fc.integer({ min: 1, max: 4 }),
    })
    .map((it) => toolUse(it)),
  fc.constantFrom(
    toolUse({ name: "read", fragments: ['{"path":'] }),
    toolUse({ name: "read", fragments: [""] }),
    toolUse({ name: "read", toolUseId: "tooluse_same", input: { a: 1 } }),
  ),
)

const end = fc.constantFrom<readonly Steps[]>(
  finish(),
  finish({ stopReason: "TOOL_USE" }),
  finish({ stopReason: "MAX_TOKENS" }),
  [toolUse({ name: "read", input: { a: 1 }, stop: false }), finish()],
  [pause(1), reset],
  [truncated(text("cut"))],
  [exception("ThrottlingException", { message: "Too many requests." })],
  [silence],
)

const script: fc.Arbitrary<Script> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.array(piece, { maxLength: 4 }), end).map((steps) => stream(...steps.flat())),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Script>(
      FAILURES.throttled,
      FAILURES.internalError,
      FAILURES.inputTooLong,
      FAILURES.signatureInvalid,
    ),
  },
)

const act = fc.record({
  model: fc.constantFrom(...MODELS),
  prompt: fc.string({ maxLength: 10, unit: "grapheme" }),
  hasFile: fc.boolean(),
  update: fc.boolean(),
  scripts: fc.array(script, { maxLength: 3 }),
  afterwards: fc.constantFrom("nothing", "nothing", "fork", "compact"),
})

describe("a session in OpenCode 2, whatever happens in it", () => {
  it("never kills the host, never sends what Kiro refuses for its form, and can always be gone on with", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 5 }), async (acts) => {
        await using stage = await openStage({ accounts: ["one", "two"] })
        const { fake } = stage
        let session = stage.session("kiro/auto", {
          tools: {
            read: { execute: () => "A" },
            shot: { execute: () => [{ type: "file", mime: "image/png", data: PNG }] },
            fails: {
              execute: () => {
                throw new Error("It failed.")
              },
            },
            "mcp_with.odd-name": { execute: () => "" },
          },
        })
        for (const { model, prompt, hasFile, update, scripts, afterwards } of acts) {
          session.model = model
          if (update) session.systemUpdate("Something is new.")
          fake.script(...scripts)
          const stop = new AbortController()
          const files = hasFile ? [{ mime: "image/png", data: PNG }] : []
          const turn = session.prompt(prompt, { files, signal: stop.signal })
          const isDone = turn.then(() => true)
          if (!(await Promise.race([isDone, sleep(400, false)]))) stop.abort()
          await turn
          // What this turn did not come to would be silence for ever before a clock that stands still.
          fake.scripts.clear()
          if (afterwards === "fork") session = session.fork()
          if (afterwards === "compact") await session.compact()
        }
        stage.harness.clock.advance(3_600_000)
        const last = await session.prompt("Are you there?")
        assert.match(last.text, /Hello from the fake Kiro\.$/, JSON.stringify(last.failure))
        assert.deepEqual(fake.scriptErrors, [])
        assert.deepEqual(
          fake.refused.map(({ reply }) => reply.body),
          [],
        )
      }),
      { ...casesOf(8), timeout: 60_000, endOnFailure: true },
    )
  })
})
