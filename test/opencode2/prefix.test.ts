import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { historyIn, finish, reasoning, redactedReasoning, text, toolUse } from "../support/fake-kiro/index.ts"
import { openStage } from "./stage.ts"

const CALL = finish({ stopReason: "TOOL_USE" })

describe("the history that OpenCode 2 makes us send", () => {
  for (const model of ["kiro/claude-sonnet-4-5", "kiro/claude-opus-4-6#high", "kiro/claude-opus-4-8#high"])
    it(`is a prefix of the next one, byte for byte, over messages, tools and thinking with ${model}`, async () => {
      await using stage = await openStage()
      const { fake } = stage
      const session = stage.session(model, {
        tools: { read: { execute: ({ path }) => `content of ${String(path)}` }, bash: { execute: () => "" } },
      })
      for (let message = 0; message < 3; message++) {
        for (let step = 0; step < 6; step++) {
          const signature = Buffer.from(`signature ${message} ${step}`).toString("base64")
          fake.answer(
            step === 3
              ? redactedReasoning("aGlkZGVu")
              : reasoning({ text: `I think ${message}.${step}.`, signature }),
            step % 2 === 0 ? text(`Step ${step}.`) : [],
            toolUse({ name: "read", input: { path: `${message}/${step}` } }),
            step === 4 ? toolUse({ name: "bash", input: {} }) : [],
            CALL,
          )
        }
        fake.answer(text(`Done ${message}.`), finish())
        const turn = await session.prompt(`Message ${message}`)
        assert.match(turn.text, new RegExp(`Done ${message}\\.$`))
        if (message === 0) session.systemUpdate("Something is new.")
      }
      const histories = fake.chats.map(({ body }) => historyIn(body).map((entry) => JSON.stringify(entry)))
      assert.equal(histories.length, 21)
      for (const [index, history] of histories.slice(1).entries()) {
        const before = histories[index] ?? []
        assert.deepEqual(history.slice(0, before.length), before, `request ${index + 1}`)
      }
      assert.deepEqual(fake.refused, [])
    })
})
