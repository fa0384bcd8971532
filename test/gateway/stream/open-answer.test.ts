import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { openAnswer } from "../../../src/gateway/stream/answer.ts"
import { foldChunks } from "../../../src/openai/index.ts"
import { WHOLE_ANSWER } from "../../eventstream/vectors.ts"
import { eventFrame, exceptionFrame, withBrokenChecksum } from "../../support/fake-kiro/index.ts"
import { answerOptions, HEAD, listen, readAll } from "./exchange.ts"

const TEXT = eventFrame("assistantResponseEvent", { content: "Hi" })
const CALL = { toolUseId: "tooluse_a", name: "read" }
const OPENING = eventFrame("toolUseEvent", CALL)
const STOP = eventFrame("toolUseEvent", { ...CALL, stop: true })
const FULL_WINDOW = eventFrame("contextUsageEvent", { contextUsagePercentage: 100 })
const METERING = eventFrame("meteringEvent", { unit: "credit", usage: 0.1 })
const HIDDEN = eventFrame("reasoningContentEvent", { redactedContent: "aGlkZGVu" })
const THROTTLE = exceptionFrame("ThrottlingException", { message: "slow down" })
const OVERFLOW = exceptionFrame("ContentLengthExceededException", { message: "too long" })
const QUOTA = exceptionFrame("ThrottlingException", { message: "used up", reason: "MONTHLY_REQUEST_COUNT" })

describe("the commit point", () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  before(() => process.on("unhandledRejection", note))
  after(() => {
    process.off("unhandledRejection", note)
    assert.deepEqual(unhandled, [])
  })

  for (const [title, frames, kind] of [
    ["an exception first", [THROTTLE, TEXT], "throttled"],
    ["an exception after events without content", [METERING, QUOTA], "monthly-quota"],
    ["a full context window", [FULL_WINDOW, TEXT], "input-too-long"],
    ["an overflow frame", [OVERFLOW], "input-too-long"],
    ["hidden reasoning and a failure", [HIDDEN, THROTTLE], "throttled"],
    ["an answer without any byte", [], "empty-answer"],
    [
      "an answer without content",
      [eventFrame("contextUsageEvent", { contextUsagePercentage: 9 })],
      "empty-answer",
    ],
    ["a broken checksum", [withBrokenChecksum(TEXT)], "corrupt-stream"],
    ["a cut inside the first message", [TEXT.slice(0, 50)], "truncated"],
  ] as const) {
    it(`is not reached by ${title}`, async () => {
      for (const size of [1, 10_000]) {
        const opened = await open(frames, size)
        assert.equal(opened.outcome === "failed" && opened.failure.kind, kind)
      }
    })
  }

  for (const [title, frames] of [
    ["text", [TEXT]],
    ["reasoning", [eventFrame("reasoningContentEvent", { text: "hm" }), TEXT]],
    ["the announcement of a call", [OPENING, STOP]],
    ["an end without content behind its metering", [METERING]],
    ["a stated end without content", [eventFrame("metadataEvent", { stopReason: "CONTENT_FILTERED" })]],
  ] as const) {
    it(`is reached by ${title}`, async () => {
      for (const size of [1, 10_000]) assert.ok((await open(frames, size)).outcome === "answer")
    })
  }

  it("closes the connection where there is no answer", async () => {
    let closed = 0
    const options = { ...answerOptions(bodyOf([THROTTLE], 10_000)), cancelUpstream: () => (closed += 1) }
    assert.ok((await openAnswer(options)).outcome === "failed")
    assert.ok(closed > 0)
  })
})

describe("an answer after the commit point", () => {
  for (const [title, frames, end] of [
    ["ends in order", [TEXT], "stop"],
    ["ends as tool_calls after a call", [TEXT, OPENING, STOP], "tool_calls"],
    ["errors on a throttle, to be repeated", [TEXT, THROTTLE], "throttled retryable"],
    ["errors on a cut, to be repeated", [TEXT, TEXT.slice(0, 30)], "truncated retryable"],
    ["errors on a broken checksum, for good", [TEXT, withBrokenChecksum(TEXT)], "corrupt-stream fatal"],
    ["errors on a quota, for good", [TEXT, QUOTA], "monthly-quota fatal"],
    ["errors on a throttle in a call, for good", [TEXT, OPENING, THROTTLE], "throttled fatal"],
    ["errors on a call without stop, for good", [TEXT, OPENING], "truncated fatal"],
    ["ends as tool_calls on a failure after a complete call", [OPENING, STOP, QUOTA], "tool_calls"],
    ["ends as length on an overflow", [TEXT, OVERFLOW], "length"],
    ["ends in order with a full window", [TEXT, FULL_WINDOW], "stop"],
  ] as const) {
    it(title, async () => {
      for (const size of [1, 7, 10_000]) {
        const { reader, ends } = await listen(open(frames, size))
        const { text, error } = await readToEnd(reader)
        const finish = /"finish_reason":"(\w+)"/.exec(text)?.[1]
        assert.equal(error ?? finish, end)
        assert.equal(text.endsWith("data: [DONE]\n\n"), error === undefined)
        assert.equal(ends.length, 1)
        assert.equal(ends[0]?.summary.finishReason, finish)
        assert.equal(ends[0]?.failure?.kind, error?.split(" ")[0])
      }
    })
  }

  it("gives out what came before the failure", async () => {
    for (const size of [1, 10_000]) {
      const { reader } = await listen(open([TEXT, TEXT, THROTTLE], size))
      const { text } = await readToEnd(reader)
      assert.equal(text.match(/"content":"Hi"/g)?.length, 2)
    }
  })

  it("is the same for every split of its bytes", async () => {
    const whole = await stream([WHOLE_ANSWER], WHOLE_ANSWER.length)
    for (const size of [1, 2, 5, 11, 12, 13, 100, 777])
      assert.equal(await stream([WHOLE_ANSWER], size), whole)
  })

  it("is the same for every place of one cut", async () => {
    const frames = [TEXT, OPENING, STOP]
    const bytes = Buffer.concat(frames)
    const whole = await stream(frames, bytes.length)
    for (let at = 1; at < bytes.length; at++) {
      assert.equal(await stream([bytes.subarray(0, at), bytes.subarray(at)], bytes.length), whole)
    }
  })

  it("folds into one completion", async () => {
    const opened = await open([WHOLE_ANSWER], 100)
    assert.ok(opened.outcome === "answer")
    const folded = await opened.answer.readWhole()
    assert.ok(folded.outcome === "whole")
    const completion = foldChunks(HEAD, folded.chunks)
    assert.deepEqual(completion, {
      id: "chatcmpl-1",
      created: 1,
      model: "claude-sonnet-4-5",
      object: "chat.completion",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: "I'll read both files.",
            reasoning_content: "I need both files.",
            tool_calls: [
              {
                id: "tooluse_A1",
                type: "function",
                function: { name: "read_file", arguments: '{"path": "src/a.ts"}' },
              },
              { id: "tooluse_B2", type: "function", function: { name: "list_dir", arguments: "{}" } },
            ],
          },
          finish_reason: "tool_calls",
        },
      ],
      usage: {
        prompt_tokens: 21_734,
        completion_tokens: 16,
        total_tokens: 21_750,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 5 },
      },
    })
    assert.equal(folded.summary.metered.credits, 0.0897)
  })

  it("leaves a call that was never completed out of a whole completion", async () => {
    const limit = eventFrame("metadataEvent", { stopReason: "MAX_TOKENS" })
    const opened = await open([TEXT, OPENING, limit], 10_000)
    assert.ok(opened.outcome === "answer")
    const folded = await opened.answer.readWhole()
    assert.ok(folded.outcome === "whole")
    const completion = foldChunks(HEAD, folded.chunks)
    const [choice] = completion.choices
    assert.deepEqual(choice.message, { role: "assistant", content: "Hi" })
    assert.equal(choice.finish_reason, "length")
  })

  it("can still fail as a whole while it is folded", async () => {
    const opened = await open([TEXT, THROTTLE], 10_000)
    assert.ok(opened.outcome === "answer")
    const folded = await opened.answer.readWhole()
    assert.equal(folded.outcome === "failed" && folded.failure.kind, "throttled")
  })
})

/** A body that brings the frames, joined and cut into pieces of `size`. */
function bodyOf(frames: readonly Uint8Array[], size: number): Response {
  const pieces = frames.length === 1 || size < 100 ? cut(Buffer.concat(frames), size) : frames
  const rest = pieces.map((piece) => Uint8Array.from(piece))
  return new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = rest.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
    }),
  )
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}

function open(frames: readonly Uint8Array[], size: number): ReturnType<typeof openAnswer> {
  return openAnswer(answerOptions(bodyOf(frames, size)))
}

async function stream(frames: readonly Uint8Array[], size: number): Promise<string> {
  const { reader } = await listen(open(frames, size))
  return readAll(reader)
}

async function readToEnd(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ readonly text: string; readonly error?: string }> {
  let text = ""
  try {
    while (true) {
      const { value, done } = await reader.read()
      if (done) return { text }
      text += new TextDecoder().decode(value)
    }
  } catch (error) {
    return { text, error: error instanceof Error ? error.message : String(error) }
  }
}
