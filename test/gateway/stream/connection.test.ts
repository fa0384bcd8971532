import assert from "node:assert/strict"
import { once } from "node:events"
import { after, before, describe, it } from "node:test"
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises"
import { cutConnection, eventFrame } from "../../support/fake-kiro/index.ts"
import { OLD_BUN } from "../../support/old-bun.ts"
import { type OpenedAnswer, openAnswer } from "../../../src/gateway/stream/answer.ts"
import {
  answerOptions,
  countingClock,
  exchange,
  listen,
  readAll,
  readText,
  startUpstream,
  type Upstream,
} from "./exchange.ts"

const METERING = eventFrame("meteringEvent", { unit: "credit", usage: 0.1 })

function text(content: string): Uint8Array {
  return eventFrame("assistantResponseEvent", { content })
}

describe("the connection to Kiro", () => {
  let upstream: Upstream
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)

  before(async () => {
    process.on("unhandledRejection", note)
    upstream = await startUpstream()
  })

  after(async () => {
    await upstream[Symbol.asyncDispose]()
    await sleep(20)
    process.off("unhandledRejection", note)
    assert.deepEqual(unhandled, [])
  })

  it("closes at once when the caller aborts before any byte", { skip: OLD_BUN }, async () => {
    const { opened, abort, closed } = await exchange(upstream)
    abort.abort(new Error("stopped"))
    assert.equal(await messageOf(opened), "stopped")
    await closed
  })

  it("closes at once when the caller aborts before the commit point", { skip: OLD_BUN }, async () => {
    const { opened, abort, closed, response } = await exchange(upstream)
    response.write(METERING)
    response.write(text("Hi").subarray(0, 40))
    await nextTurn()
    abort.abort(new Error("stopped"))
    assert.equal(await messageOf(opened), "stopped")
    await closed
  })

  it("closes at once when the caller had aborted before it was opened", { skip: OLD_BUN }, async () => {
    const { opened, abort, closed, clock } = await exchange(upstream)
    abort.abort()
    assert.match(await messageOf(opened), /abort/)
    await closed
    assert.equal(clock.pending(), 0)
  })

  it(
    "closes at once when the caller aborts while the host waits for the next word",
    { skip: OLD_BUN },
    async () => {
      const { opened, abort, closed, response } = await exchange(upstream)
      response.write(text("Hi"))
      const { reader, ends } = await listen(opened)
      assert.match(await readText(reader), /"content":"Hi"/)
      const waiting = assert.rejects(reader.read(), /stopped/)
      abort.abort(new Error("stopped"))
      await Promise.all([waiting, closed])
      assert.deepEqual(
        ends.map(({ summary, failure }) => [summary.finishReason, failure]),
        [[undefined, undefined]],
      )
    },
  )

  it("closes at once when the caller aborts while nobody reads", { skip: OLD_BUN }, async () => {
    const { opened, abort, closed, response } = await exchange(upstream)
    response.write(text("Hi"))
    const { reader, ends } = await listen(opened)
    abort.abort(new Error("stopped"))
    await closed
    await assert.rejects(reader.read(), /stopped/)
    assert.equal(ends.length, 1)
  })

  it("is over for a host that aborts before it begins to read", { skip: OLD_BUN }, async () => {
    const { opened, abort, closed, response } = await exchange(upstream)
    response.write(text("Hi"))
    const result = await opened
    assert.ok(result.outcome === "answer")
    abort.abort(new Error("stopped"))
    let ends = 0
    const reader = result.answer.read(() => (ends += 1))
    await assert.rejects(reader.next(), /stopped/)
    await closed
    assert.equal(ends, 1)
  })

  it("closes at once when the host cancels the stream", { skip: OLD_BUN }, async () => {
    for (const readFirst of [true, false]) {
      const { opened, closed, response } = await exchange(upstream)
      response.write(text("Hi"))
      const { reader, ends } = await listen(opened)
      if (readFirst) await readText(reader)
      await reader.cancel()
      await closed
      assert.equal(ends.length, 1)
    }
  })

  it("closes at once when the host cancels while it waits for the next word", { skip: OLD_BUN }, async () => {
    const { opened, closed, response } = await exchange(upstream)
    response.write(text("Hi"))
    const { reader, ends } = await listen(opened)
    await readText(reader)
    const waiting = reader.read()
    await reader.cancel()
    assert.deepEqual(await waiting, { value: undefined, done: true })
    await closed
    assert.equal(ends.length, 1)
  })

  it("stays quiet when the caller's signal fires after the end", async () => {
    const { opened, abort, response } = await exchange(upstream)
    response.end(text("Hi"))
    const { reader, ends } = await listen(opened)
    assert.match(await readAll(reader), /"finish_reason":"stop"/)
    abort.abort()
    await nextTurn()
    assert.equal(ends.length, 1)
    assert.equal(ends[0]?.summary.finishReason, "stop")
  })

  it("passes each word on while the next one is still to come", async () => {
    const { opened, response } = await exchange(upstream)
    response.write(text("one"))
    const { reader } = await listen(opened)
    for (const word of ["one", "two", "three"]) {
      if (word !== "one") response.write(text(word))
      assert.match(await readText(reader), new RegExp(`"content":"${word}"`))
    }
    response.end()
    await readAll(reader)
  })

  it("reports a reset after the commit point as the network's fault", async () => {
    const { opened, response } = await exchange(upstream)
    response.write(text("Hi"))
    const { reader, ends } = await listen(opened)
    await readText(reader)
    cutConnection(response)
    await assert.rejects(reader.read(), /(network|truncated|unreachable) retryable/)
    assert.equal(ends.length, 1)
  })

  it("leaves no timer behind, however the answer ended", async () => {
    for (const end of ["in order", "abort", "cancel", "reset", "silence"] as const) {
      const { opened, clock, response, abort } = await exchange(upstream)
      response.write(text("Hi"))
      const { reader } = await listen(opened)
      await readText(reader)
      const last = reader.read().catch((error: unknown) => error)
      await nextTurn()
      if (end === "in order") response.end()
      if (end === "abort") abort.abort()
      if (end === "cancel") await reader.cancel()
      if (end === "reset") cutConnection(response)
      if (end === "silence") clock.advance(120_000)
      await last
      await sleep(5)
      assert.equal(clock.pending(), 0, end)
    }
  })

  it("is not even waited for where the caller had aborted before", async () => {
    const clock = countingClock()
    const signal = AbortSignal.abort(new Error("stopped"))
    const response = new Response(new ReadableStream<Uint8Array>())
    const opened = openAnswer({ ...answerOptions(response), signal, clock })
    assert.equal(await messageOf(opened), "stopped")
    assert.equal(clock.pending(), 0)
  })

  it("closes also when we fail ourselves", async () => {
    for (const failsAt of [1, 2]) {
      const { translator } = answerOptions(new Response())
      let pushed = 0
      let closed = 0
      const opened = openAnswer({
        ...answerOptions(new Response(Uint8Array.from(Buffer.concat([text("a"), text("b")])))),
        cancelUpstream: () => (closed += 1),
        translator: {
          ...translator,
          push(event) {
            if (++pushed === failsAt) throw new Error("a bug")
            return translator.push(event)
          },
        },
      })
      await assert.rejects(opened, /a bug/)
      assert.ok(closed > 0)
    }
  })

  it("is left alone where the answer was read to its end, and can serve the next one", async () => {
    let closed = 0
    const options = answerOptions(new Response(Uint8Array.from(text("a"))))
    const { reader } = await listen(openAnswer({ ...options, cancelUpstream: () => (closed += 1) }))
    await readAll(reader)
    assert.equal(closed, 0)
  })

  it("gives way to everything else while a large read is passed on", async () => {
    const many = Buffer.concat(Array.from({ length: 2_000 }, (_, index) => text(`word ${index} `)))
    const { reader } = await listen(openAnswer(answerOptions(new Response(Uint8Array.from(many)))))
    let turns = 0
    const count = (): void => {
      turns += 1
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    const all = await readAll(reader)
    clearImmediate(next)
    assert.equal(all.match(/"content":"word/g)?.length, 2_000)
    assert.ok(turns >= 7, `${turns} turns`)
  })

  it("lets a host that does not read hold the service back", { skip: OLD_BUN }, async () => {
    const { opened, response, abort, closed } = await exchange(upstream)
    const frame = text("x".repeat(60_000))
    response.write(frame)
    const { reader } = await listen(opened)
    let written = 0
    while (written < 64_000_000) {
      written += frame.length
      if (response.write(frame)) continue
      const drained = await Promise.race([once(response, "drain"), sleep(500)])
      if (drained === undefined) break
    }
    assert.ok(written < 64_000_000, `${written} bytes were taken`)
    assert.match(await readText(reader), /xxx/)
    abort.abort()
    await closed
  })
})

/** What the failure of an answer says, before any of it was shown. */
async function messageOf(opened: Promise<OpenedAnswer>): Promise<string> {
  const result = await opened
  assert.equal(result.outcome, "failed")
  return result.failure.message
}
