import { EventStreamCodec } from "@smithy/eventstream-codec"
import { isObject, parseJson } from "../src/json.ts"
import type { Answer } from "./frames.ts"

/**
 * The floor of every figure about answers: each frame decoded by AWS's own codec, its payload through JSON.parse, a
 * chunk for it through JSON.stringify. Nothing is translated, checked or held back, and no stream is around it.
 */
export function createFloor(): (frame: Uint8Array) => string {
  const fromBytes = new TextDecoder()
  const toBytes = new TextEncoder()
  const codec = new EventStreamCodec(
    (bytes) => (typeof bytes === "string" ? bytes : fromBytes.decode(bytes)),
    (text) => toBytes.encode(text),
  )
  return (frame) => {
    const payload = parseJson(fromBytes.decode(codec.decode(frame).body))
    const delta = isObject(payload)
      ? { content: payload["content"], tool_calls: payload["input"] }
      : { content: "" }
    return JSON.stringify({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: "claude-sonnet-4-5",
      choices: [{ index: 0, delta, finish_reason: null }],
    })
  }
}

export function floorOf(answer: Answer): number {
  const floor = createFloor()
  let written = 0
  for (const frame of createCutter()(answer)) written += floor(frame).length
  return written
}

/** Cuts what a socket brings into frames, for a floor that reads one: no checks, one copy of what was cut. */
export function createCutter(): (bytes: Uint8Array) => Generator<Uint8Array> {
  let rest = new Uint8Array(0)
  return function* cut(bytes) {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength)
    let at = 0
    while (all.length - at >= 4 && view.getUint32(at) <= all.length - at) {
      const end = at + view.getUint32(at)
      yield all.subarray(at, end)
      at = end
    }
    rest = all.slice(at)
  }
}
