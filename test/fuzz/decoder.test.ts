import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { createMessageDecoder, EventStreamError } from "../../src/eventstream/index.ts"
import { readKiroEvent } from "../../src/kiro/index.ts"
import { openTranslator } from "../translate/answer/translate.ts"
import { sealed, streamBytes } from "./bytes.ts"
import { casesOf } from "./runs.ts"

describe("any bytes", () => {
  it("decode to the same messages and the same error at every split, and never to more than came", () => {
    fc.assert(
      fc.property(streamBytes, fc.array(fc.nat(400), { maxLength: 6 }), (bytes, cuts) => {
        const whole = decode([bytes])
        assert.deepEqual(decode(split(bytes, cuts)), whole)
        assert.ok(whole.messages.join("").length <= bytes.length)
      }),
      casesOf(2000),
    )
  })

  it("that are no event stream end as one error of ours", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 500 }), (bytes) => {
        assert.match(decode([bytes]).error ?? "none", /^(?:checksum|length|truncated)$/)
      }),
      casesOf(2000),
    )
  })
})

const EVENTS = [
  "assistantResponseEvent",
  "codeEvent",
  "reasoningContentEvent",
  "toolUseEvent",
  "metadataEvent",
  "contextUsageEvent",
  "meteringEvent",
  "invalidStateEvent",
  "__proto__",
]
const text = fc.oneof(
  fc.constantFrom("<thinking>", "</thinking>", "{", '{"a":', "}", "`", "\ud83d", "__proto__", ""),
  fc.string({ maxLength: 8 }),
)
const number = fc.oneof(fc.double(), fc.constantFrom(-1, 0, 1e308, 100, 1e15))
const document = fc.record(
  {
    content: fc.oneof({ weight: 4, arbitrary: text }, fc.jsonValue()),
    text,
    signature: text,
    redactedContent: text,
    toolUseId: fc.constantFrom("a", "b", "__proto__", ""),
    name: fc.constantFrom("bash", "constructor", "__proto__", ""),
    input: fc.oneof({ weight: 4, arbitrary: text }, fc.jsonValue()),
    stop: fc.boolean(),
    stopReason: fc.constantFrom("END_TURN", "TOOL_USE", "MAX_TOKENS", "CONTENT_FILTERED", "?"),
    contextUsagePercentage: number,
    usage: number,
    tokenUsage: fc.record({
      uncachedInputTokens: number,
      outputTokens: number,
      cacheReadInputTokens: number,
    }),
    message: text,
    reason: fc.constantFrom("CONTENT_LENGTH_EXCEEDS_THRESHOLD", "MONTHLY_REQUEST_COUNT", "?"),
  },
  { requiredKeys: [] },
)

describe("any events", () => {
  it("become chunks that are JSON, a usage inside the window, and one end", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...EVENTS), document), { maxLength: 12 }),
        fc.boolean(),
        (events, thinkingTags) => {
          const translator = openTranslator({
            toolNames: new Map([["bash", "Bash"]]),
            thinkingTags,
            serviceWindow: 1000,
            estimatedPromptTokens: 10,
          })
          const bytes = Buffer.concat(events.map(([type, body]) => event(type, JSON.stringify(body))))
          for (const message of createMessageDecoder().push(bytes)) {
            const read = readKiroEvent(message)
            if (read.type === "failure") break
            for (const chunk of translator.push(read))
              assert.deepEqual(JSON.parse(JSON.stringify(chunk)), chunk)
          }
          const end = translator.end()
          if ("failure" in end) return
          const usage = end.chunks.findLast((chunk) => chunk.usage !== undefined)?.usage
          assert.ok(usage !== undefined && usage.prompt_tokens > 0)
          assert.ok(usage.prompt_tokens + usage.completion_tokens <= 1000, JSON.stringify(usage))
        },
      ),
      casesOf(1000),
    )
  })
})

function event(type: string, payload: string): Uint8Array {
  const header = (name: string, value: string): number[] => [
    name.length,
    ...Buffer.from(name),
    7,
    0,
    value.length,
    ...Buffer.from(value),
  ]
  const headers = [...header(":message-type", "event"), ...header(":event-type", type)]
  return sealed(Buffer.from(headers), Buffer.from(payload))
}

interface Decoded {
  /** The payloads, in hex. */
  readonly messages: readonly string[]
  readonly error?: string
}

function decode(pieces: readonly Uint8Array[]): Decoded {
  const messages: string[] = []
  const decoder = createMessageDecoder()
  try {
    for (const piece of pieces)
      for (const message of decoder.push(piece))
        messages.push(Buffer.from(message.payload).toString("latin1"))
    decoder.end()
    return { messages }
  } catch (error) {
    if (!(error instanceof EventStreamError)) throw error
    return { messages, error: error.code }
  }
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
    (one, two) => one - two,
  )
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end))
}
