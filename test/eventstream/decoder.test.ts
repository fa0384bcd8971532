import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { EventStreamCodec, type Message } from "@smithy/eventstream-codec"
import * as fc from "fast-check"
import {
  createMessageDecoder,
  EventStreamError,
  type EventStreamErrorCode,
  type EventStreamMessage,
  type HeaderValue,
} from "../../src/eventstream/index.ts"
import { anyLetter } from "../fuzz/bytes.ts"
import { casesOf } from "../fuzz/runs.ts"
import { EXCEPTION_MESSAGE, TEXT_MESSAGE, TOOL_STOP_MESSAGE, WHOLE_ANSWER } from "./vectors.ts"

const FIXTURES = { TEXT_MESSAGE, TOOL_STOP_MESSAGE, EXCEPTION_MESSAGE, WHOLE_ANSWER }

describe("decoding an event stream", () => {
  it("reads headers and payload of a recorded message", () => {
    const [message, ...others] = decode([TEXT_MESSAGE])
    assert.equal(others.length, 0)
    assert.equal(message?.payload, '{"content":"Hi"}')
    assert.deepEqual(message?.headers, [
      [":event-type", "assistantResponseEvent"],
      [":content-type", "application/json"],
      [":message-type", "event"],
    ])
  })

  it("reads the fourteen messages of a recorded answer", () => {
    const types = decode([WHOLE_ANSWER]).map(({ headers }) => headers[0]?.[1])
    assert.equal(types.length, 14)
    assert.deepEqual(types.slice(-3), ["metadataEvent", "contextUsageEvent", "meteringEvent"])
  })

  it("knows the headers of each message, though their bytes come in the same memory", () => {
    const decoder = createMessageDecoder()
    const memory = new Uint8Array(200)
    const typeIn = (type: string): unknown => {
      const bytes = encode({ ":event-type": { type: "string", value: type } }, "{}")
      memory.set(bytes)
      const [message] = [...decoder.push(memory.subarray(0, bytes.length))]
      return message?.headers.get(":event-type")
    }
    const types = ["codeEvent", "toolEvent", "codeEvent"]
    assert.deepEqual(types.map(typeIn), types)
  })

  for (const [name, bytes] of Object.entries(FIXTURES)) {
    it(`gives the same messages for every split of ${name}`, () => {
      const whole = decode([bytes])
      for (let at = 0; at <= bytes.length; at++) {
        assert.deepEqual(decode([bytes.subarray(0, at), bytes.subarray(at)]), whole, `split at ${at}`)
      }
    })

    it(`gives the same messages for ${name} in pieces of any size`, () => {
      const whole = decode([bytes])
      for (const size of [1, 2, 3, 7, 12, 13, 64, 100, 1000]) {
        assert.deepEqual(decode(cut(bytes, size)), whole, `pieces of ${size}`)
      }
    })

    it(`tells every truncation of ${name} from a clean end`, () => {
      const ends = messageEnds(bytes)
      for (let length = 1; length < bytes.length; length++) {
        const decodeCut = (): unknown => decode([bytes.subarray(0, length)])
        if (ends.has(length)) decodeCut()
        else assert.throws(decodeCut, hasCode("truncated"), `cut at ${length}`)
      }
    })
  }

  it("gives out the messages before a broken one", () => {
    const broken = changed(TOOL_STOP_MESSAGE, TOOL_STOP_MESSAGE.length - 1)
    const decoder = createMessageDecoder()
    const seen: string[] = []
    assert.throws(() => {
      for (const message of decoder.push(concat(TEXT_MESSAGE, broken))) seen.push(payloadText(message))
    }, hasCode("checksum"))
    assert.deepEqual(seen, ['{"content":"Hi"}'])
  })

  it("refuses every single changed byte", () => {
    for (let at = 0; at < TEXT_MESSAGE.length; at++) {
      assert.throws(() => decode([changed(TEXT_MESSAGE, at)]), EventStreamError, `byte ${at}`)
    }
  })

  it("checks a prelude before it trusts its length, however the bytes were split", () => {
    const huge = TEXT_MESSAGE.slice()
    huge.set([0x7f, 0xff, 0xff, 0xff])
    for (const pieces of [[huge], cut(huge, 1)]) assert.throws(() => decode(pieces), hasCode("checksum"))
  })

  it("refuses lengths that can't be right though their checksum is", () => {
    for (const [total, headers] of [
      [15, 0],
      [0, 0],
      [124, 109],
      [124, 0xffff_ffff],
      [17 * 1024 * 1024, 0],
      [300_000, 200_000],
    ] as const) {
      assert.throws(() => decode([prelude(total, headers)]), hasCode("length"), `${total} ${headers}`)
    }
  })

  it("refuses a header block that ends inside a header, and a type that does not exist", () => {
    const name = [2, 0x3a, 0x61]
    for (const block of [
      [...name],
      [...name, 7],
      [...name, 7, 0, 9, 0x78],
      [...name, 6, 0, 1],
      [...name, 4, 0, 0],
      [...name, 9, 1, 2, 3],
      [9, 0x3a],
      [...name, 10],
      [...name, 255, 0, 0],
    ]) {
      assert.throws(() => decode([messageOf(Uint8Array.from(block))]), hasCode("headers"), String(block))
    }
  })

  it("accepts a message with neither headers nor payload", () => {
    assert.deepEqual(decode([messageOf(new Uint8Array(0))]), [{ headers: [], payload: "" }])
  })

  it("does not mistake one header block for the one before it", () => {
    const first = encode({ ":event-type": { type: "string", value: "aaaa" } }, "1")
    const second = encode({ ":event-type": { type: "string", value: "aaab" } }, "2")
    assert.deepEqual(
      decode([concat(first, second, first)]).map(({ headers }) => headers[0]?.[1]),
      ["aaaa", "aaab", "aaaa"],
    )
  })

  it("agrees with AWS's codec on any messages in any pieces", () => {
    fc.assert(
      fc.property(fc.array(anyMessage(), { maxLength: 6 }), fc.array(fc.nat(400)), (messages, sizes) => {
        const frames = messages.map(({ headers, body }) => encode(headers, body))
        const expected = frames.map((frame) => {
          const { headers, body } = codec().decode(frame)
          return {
            headers: Object.entries(headers).map(codecHeader),
            payload: new TextDecoder().decode(body),
          }
        })
        assert.deepEqual(decode(cutAt(concat(...frames), sizes)), expected)
      }),
      casesOf(100),
    )
  })
})

interface Plain {
  readonly headers: (readonly [string, HeaderValue])[]
  readonly payload: string
}

function decode(pieces: readonly Uint8Array[]): Plain[] {
  const decoder = createMessageDecoder()
  const messages = pieces.flatMap((piece) =>
    Array.from(decoder.push(piece), (message) => ({
      headers: [...message.headers],
      payload: payloadText(message),
    })),
  )
  decoder.end()
  return messages
}

function payloadText({ payload }: EventStreamMessage): string {
  return new TextDecoder().decode(payload)
}

function hasCode(code: EventStreamErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof EventStreamError && error.code === code
}

function codec(): EventStreamCodec {
  const toUtf8 = (bytes: Uint8Array | string): string =>
    typeof bytes === "string" ? bytes : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
  return new EventStreamCodec(toUtf8, (text) => new TextEncoder().encode(text))
}

function encode(headers: Message["headers"], body: string): Uint8Array {
  return codec().encode({ headers, body: new TextEncoder().encode(body) })
}

/** A message around a raw header block, by AWS's codec for the checksums' sake. */
function messageOf(block: Uint8Array): Uint8Array {
  const message = codec()
  Object.assign(message, { headerMarshaller: { format: () => block } })
  return message.encode({ headers: {}, body: new Uint8Array(0) })
}

function prelude(total: number, headers: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, total)
  view.setUint32(4, headers)
  view.setUint32(8, crc32OfPrelude(bytes))
  return concat(bytes, new Uint8Array(200))
}

function crc32OfPrelude(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes.subarray(0, 8)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1
  }
  return (crc ^ 0xffff_ffff) >>> 0
}

function anyMessage(): fc.Arbitrary<{ headers: Message["headers"]; body: string }> {
  const number = (bits: number): fc.Arbitrary<number> =>
    fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
  const value: fc.Arbitrary<Message["headers"][string]> = fc.oneof(
    fc.boolean().map((flag) => ({ type: "boolean" as const, value: flag })),
    number(8).map((byte) => ({ type: "byte" as const, value: byte })),
    number(16).map((short) => ({ type: "short" as const, value: short })),
    number(32).map((integer) => ({ type: "integer" as const, value: integer })),
    fc.uint8Array({ maxLength: 40 }).map((binary) => ({ type: "binary" as const, value: binary })),
    fc.string({ maxLength: 40, unit: anyLetter }).map((text) => ({ type: "string" as const, value: text })),
    fc.uuid().map((uuid) => ({ type: "uuid" as const, value: uuid })),
    fc
      .date({ noInvalidDate: true, min: new Date(0) })
      .map((date) => ({ type: "timestamp" as const, value: date })),
  )
  const name = fc.stringMatching(/^[a-z:-]{1,20}$/)
  return fc.record({
    headers: fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }),
    body: fc.string({ unit: anyLetter }),
  })
}

function codecHeader([name, { value }]: [string, Message["headers"][string]]): readonly [
  string,
  HeaderValue,
] {
  if (value instanceof Uint8Array) return [name, Uint8Array.from(value)]
  return [name, value instanceof Date || typeof value !== "object" ? value : BigInt(value.valueOf())]
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ 0x10)
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, index) => bytes.slice(index * size, (index + 1) * size))
}

function cutAt(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let from = 0
  for (const size of sizes) {
    pieces.push(bytes.slice(from, from + size))
    from += size
  }
  return [...pieces, bytes.slice(from)]
}

function messageEnds(bytes: Uint8Array): Set<number> {
  const ends = new Set<number>()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let end = 0; end < bytes.length; ends.add(end)) end += view.getUint32(end)
  return ends
}
