import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { readBody } from "../../src/runtime.ts"

describe("the body of an answer", () => {
  // As the Bun of OpenCode 1 does: a 403 without its reason would be taken for another refusal.
  it("is none where its stream ends quietly because the request was aborted", async () => {
    const request = new AbortController()
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        stream.enqueue(new TextEncoder().encode('{"reason":'))
        request.signal.addEventListener("abort", () => stream.close())
      },
    })
    const reading = readBody(new Response(body, { status: 403 }), request.signal)
    request.abort(new Error("the session was stopped"))
    await assert.rejects(reading, /the session was stopped/)
  })

  it("is its text to the last byte otherwise, also where a character comes in two pieces", async () => {
    const [first, second, ...rest] = new TextEncoder().encode("é, alles")
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        for (const piece of [[first], [second, ...rest]]) stream.enqueue(Uint8Array.from(piece.map(Number)))
        stream.close()
      },
    })
    assert.equal(await readBody(new Response(body), new AbortController().signal), "é, alles")
  })
})
