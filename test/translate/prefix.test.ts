import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { estimateTokens } from "../../src/translate/index.ts"
import { casesOf } from "../fuzz/runs.ts"
import { movesOf, sent, simulateSession } from "./support/sessions.ts"

const seed = fc.integer({ min: 1, max: 1_000_000 })

describe("the history of a session", () => {
  it("begins with that of the request before, byte for byte, through loops with native thinking", () => {
    fc.assert(
      fc.property(seed, fc.boolean(), (number, thinks) => {
        assert.deepEqual(
          movesOf(simulateSession({ seed: number, steps: 30, thinks }), { serviceWindow: 1_000_000 }),
          [],
        )
      }),
      casesOf(8),
    )
  })

  it("changes only where a block of reasoning, of documents or of pictures is full", () => {
    fc.assert(
      fc.property(seed, (number) => {
        const thinking = { seed: number, steps: 60, resultCharacters: 200 }
        assert.ok(movesOf(simulateSession(thinking), { serviceWindow: 20_000 }).length <= 12)
        const attaching = { seed: number, steps: 60, thinks: false, mediaEvery: 1, resultCharacters: 200 }
        assert.ok(movesOf(simulateSession(attaching), { serviceWindow: 1_000_000 }).length <= 4)
      }),
      casesOf(3),
    )
  })

  it("changes in a shortened session only where a quarter of what there is room for came anew", () => {
    const words = ["const größe = read(path)\n", "漢字を書いて、", "한국어로 쓴다. ", "Слова и слова. "]
    fc.assert(
      fc.property(seed, fc.constantFrom(...words), fc.boolean(), (number, word, thinks) => {
        const session = simulateSession({ seed: number, steps: 60, word, thinks, resultCharacters: 6_000 })
        const shortenTo = /[a-zа-я]/.test(word) ? 25_000 : 60_000
        const moves = movesOf(session, { serviceWindow: 1_000_000, shortenTo })
        assert.ok(moves.length > 1)
        for (const { grown, block } of moves.slice(1)) assert.ok(grown >= block * 0.9, JSON.stringify(moves))
      }),
      casesOf(4),
    )
  })

  it("is never larger than it was to be, and keeps the system prompt, the first task and the last words", () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 12_000, max: 100_000 }), (number, shortenTo) => {
        for (const request of simulateSession({ seed: number, steps: 40 }).slice(-3)) {
          const { conversation } = sent(request, { serviceWindow: 1_000_000, shortenTo })
          assert.ok(estimateTokens(conversation) <= shortenTo)
          const [first] = conversation.turns
          assert.ok(conversation.system.startsWith("You are terse."))
          assert.ok(
            first?.role === "user" &&
              first.parts[0]?.type === "text" &&
              first.parts[0].text.startsWith("Task 1:"),
          )
          const spoken = request.body.messages.findLast((message) =>
            JSON.stringify(message).includes('"Task '),
          )
          const [said] = (spoken as { content: { text: string }[] }).content
          const texts = conversation.turns.flatMap((turn) => (turn.role === "user" ? turn.parts : []))
          assert.ok(texts.some((part) => part.type === "text" && part.text === said?.text))
        }
      }),
      casesOf(4),
    )
  })
})
