import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { WHOLE_ANSWER } from "../../eventstream/vectors.ts"
import { openAnswer } from "../../../src/gateway/stream/open-answer.ts"
import { createChunkTranslator } from "../../../src/translate/index.ts"
import { fakeClock } from "../../support/clock.ts"

describe("opening an answer", () => {
  it("streams a whole answer", async () => {
    const opened = await openAnswer({
      response: new Response(WHOLE_ANSWER.slice()),
      head: { id: "chatcmpl-1", created: 1, model: "m" },
      translator: createChunkTranslator({
        toolNames: new Map(),
        thinkingTags: false,
        serviceWindow: 200_000,
        estimatedPromptTokens: 10,
      }),
      clock: fakeClock(),
      signal: new AbortController().signal,
      firstContentMs: 1000,
      silenceMs: 1000,
      cancelUpstream: () => undefined,
    })
    assert.ok("answer" in opened)
    const ends: unknown[] = []
    const stream = opened.answer.stream({
      onEnd: (...end) => ends.push(end),
      toError: () => new Error("x"),
    })
    const text = await new Response(stream).text()
    assert.match(text, /data: \[DONE\]\n\n$/)
  })
})
