import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setImmediate as nextTurn } from "node:timers/promises"
import { openAnswer } from "../../../src/gateway/stream/answer.ts"
import { openUpstream } from "../../../src/gateway/stream/upstream.ts"
import { type Clock, systemClock } from "../../../src/runtime.ts"
import { within } from "../../support/clock.ts"
import { eventFrame } from "../../support/fake-kiro/index.ts"
import { answerOptions, countingClock, listen, readText } from "./exchange.ts"

const METERING = eventFrame("meteringEvent", { unit: "credit", usage: 0.1 })

function text(content: string): Uint8Array {
  return eventFrame("assistantResponseEvent", { content })
}

describe("the limit on silence", () => {
  it("is kept where somebody sets the clock back meanwhile", async () => {
    let offset = 0
    const clock: Clock = { ...systemClock, now: () => Date.now() + offset }
    const upstream = openUpstream({
      response: new Response(new ReadableStream()),
      signal: new AbortController().signal,
      cancelUpstream: () => undefined,
      clock,
      askedAt: clock.now(),
      firstContentMs: 50,
      silenceMs: 50,
    })
    const read = upstream.read()
    offset = -3_600_000
    const end = await within(10_000, read)
    assert.equal(end.bytes === undefined && end.failure?.kind, "timeout")
  })

  it("is the longer one before the first content", async () => {
    const { clock, opened, send, isClosed } = quietService()
    clock.advance(200_000)
    await send(METERING)
    clock.advance(299_999)
    await nextTurn()
    assert.equal(isClosed(), false)
    clock.advance(1)
    const result = await opened
    assert.equal(result.outcome === "failed" && result.failure.kind, "timeout")
    assert.ok(isClosed())
  })

  it("is measured on whole events: bytes of one that never ends do not count", async () => {
    const { clock, opened, send, isClosed } = quietService()
    await send(text("Hi"))
    const { reader, ends } = await listen(opened)
    await readText(reader)
    const failed = assert.rejects(reader.read(), /timeout retryable/)
    const next = text("never whole")
    for (const at of [0, 20, 40]) {
      await send(next.subarray(at, at + 20))
      clock.advance(40_000)
    }
    await failed
    assert.equal(ends[0]?.failure?.kind, "timeout")
    assert.ok(isClosed())
  })

  it("starts again with each event, also with one that the host does not see", async () => {
    const { clock, opened, send } = quietService()
    await send(text("one"))
    const { reader } = await listen(opened)
    await readText(reader)
    const second = readText(reader)
    for (let event = 0; event < 5; event++) {
      await nextTurn()
      clock.advance(119_000)
      await send(METERING)
    }
    await send(text("two"))
    assert.match(await second, /"content":"two"/)
  })

  it("is short behind the reason why the service stopped: the answer is whole, also on a connection that stays open", async () => {
    const { clock, opened, send, isClosed } = quietService()
    await send(text("Hi"))
    const { reader, ends } = await listen(opened)
    await readText(reader)
    const rest = readText(reader)
    await send(eventFrame("metadataEvent", { stopReason: "END_TURN" }))
    clock.advance(2_900)
    await send(METERING)
    clock.advance(2_900)
    await nextTurn()
    assert.equal(isClosed(), false)
    clock.advance(100)
    assert.match(await rest, /"finish_reason":"stop"/)
    assert.equal(ends[0]?.failure, undefined)
    assert.equal(ends[0]?.summary.metered.credits, 0.1)
    assert.ok(isClosed())
  })

  it("does not count while the host pauses", async () => {
    const { clock, opened, send } = quietService()
    await send(text("one"))
    const { reader } = await listen(opened)
    await readText(reader)
    clock.advance(1_000_000)
    const second = readText(reader)
    await nextTurn()
    clock.advance(119_000)
    await send(text("two"))
    assert.match(await second, /"content":"two"/)
  })
})

/** A service that sends only what the test sends, and the answer opened on it. */
function quietService(): {
  readonly clock: ReturnType<typeof countingClock>
  readonly opened: ReturnType<typeof openAnswer>
  readonly send: (bytes: Uint8Array) => Promise<void>
  readonly isClosed: () => boolean
} {
  const clock = countingClock()
  let closed = false
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (started) => {
      controller = started
    },
    cancel: () => {
      closed = true
    },
  })
  return {
    clock,
    opened: openAnswer({ ...answerOptions(new Response(body)), clock }),
    // A turn, so that whoever waits has read it.
    send: async (bytes) => {
      controller?.enqueue(Uint8Array.from(bytes))
      await nextTurn()
    },
    isClosed: () => closed,
  }
}
