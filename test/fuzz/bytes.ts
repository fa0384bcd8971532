import { crc32 } from "node:zlib"
import * as fc from "fast-check"
import { WHOLE_ANSWER } from "../eventstream/vectors.ts"

const SURROGATES = { first: 0xd800, count: 0x800 }

/**
 * Any letter of Unicode but half a pair. fast-check's own `binary` makes a table of all million of them in each process,
 * which takes two seconds.
 */
export const anyLetter = fc.nat(0x10ffff - SURROGATES.count).map(
  (place) => String.fromCodePoint(place < SURROGATES.first ? place : place + SURROGATES.count),
  (letter) => {
    if (typeof letter !== "string" || !/^[^\u{D800}-\u{DFFF}]$/su.test(letter))
      throw new TypeError("not one letter")
    const code = letter.codePointAt(0) ?? 0
    return code < SURROGATES.first ? code : code - SURROGATES.count
  },
)

/** A message whose checksums hold, whatever its header block says. */
export function sealed(headers: Uint8Array, payload: Uint8Array): Uint8Array {
  const message = Buffer.alloc(16 + headers.length + payload.length)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt32BE(headers.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  message.set(headers, 12)
  message.set(payload, 12 + headers.length)
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4)
  return message
}

/** A prelude whose checksum holds, with lengths of any size. */
const prelude = fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1)).map(([total, headers]) => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32BE(total, 0)
  bytes.writeUInt32BE(headers, 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8)
  return bytes
})

const name = fc.constantFrom(":message-type", ":event-type", ":exception-type", "x", "")
const value = fc.oneof(
  fc.constantFrom("event", "exception", "error", "assistantResponseEvent", "toolUseEvent", "metadataEvent"),
  fc.string({ maxLength: 8 }),
)

/** Header blocks that are in order, but for their types now and then. */
const headerBlock = fc
  .array(fc.tuple(name, value, fc.oneof({ weight: 9, arbitrary: fc.constant(7) }, fc.nat(12))), {
    maxLength: 4,
  })
  .map((headers) =>
    Buffer.concat(
      headers.map(([key, text, type]) => {
        const [keyBytes, textBytes] = [Buffer.from(key), Buffer.from(text)]
        return Buffer.from([keyBytes.length, ...keyBytes, type, 0, textBytes.length, ...textBytes])
      }),
    ),
  )

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.json().map((text) => new TextEncoder().encode(text)),
)

type Mutation = readonly [kind: "flip" | "drop" | "repeat" | "cut", at: number, length: number]

const mutation = fc.tuple(
  fc.constantFrom<Mutation[0]>("flip", "drop", "repeat", "cut"),
  fc.nat(4000),
  fc.integer({ min: 1, max: 300 }),
)

function mutate(bytes: Uint8Array, [kind, position, length]: Mutation): Uint8Array {
  const at = position % (bytes.length || 1)
  const [before, taken, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ]
  switch (kind) {
    case "flip":
      return Buffer.concat([before, taken.map((byte, index) => (index === 0 ? byte ^ length : byte)), after])
    case "drop":
      return Buffer.concat([before, after])
    case "repeat":
      return Buffer.concat([before, taken, taken, after])
    case "cut":
      return before
  }
}

/** Bytes that a service, something in between, or somebody hostile could send for an answer. */
export const streamBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.tuple(prelude, fc.uint8Array({ maxLength: 40 })).map((parts) => Buffer.concat(parts)),
  fc
    .array(fc.tuple(fc.oneof(headerBlock, fc.uint8Array({ maxLength: 40 })), payload), { maxLength: 4 })
    .map((messages) => Buffer.concat(messages.map(([headers, body]) => sealed(headers, body)))),
  fc
    .array(mutation, { minLength: 1, maxLength: 4 })
    .map((mutations) => mutations.reduce<Uint8Array>(mutate, WHOLE_ANSWER)),
)
