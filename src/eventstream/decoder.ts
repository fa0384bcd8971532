import { crc32 } from "node:zlib"

/** `payload` is a view of the bytes that were pushed: read it before the next push. */
export interface EventStreamMessage {
  readonly headers: Headers
  readonly payload: Uint8Array
}

export interface MessageDecoder {
  /**
   * Decodes what has become whole, lazily and in order: the messages before a broken one are given out before it
   * throws. Take all of them before the next push.
   */
  push(bytes: Uint8Array): Generator<EventStreamMessage, void, undefined>
  /** Throws `EventStreamError` "truncated" where bytes of an unfinished message remain. */
  end(): void
}

const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4
const LEAST_MESSAGE_BYTES = PRELUDE_BYTES + CHECKSUM_BYTES
/** The specification's limits: a header block of 128 KiB, a message of 16 MiB. */
const MOST_HEADER_BYTES = 128 * 1024
const MOST_MESSAGE_BYTES = 16 * 1024 * 1024

/**
 * Splits a byte stream, cut anywhere, into checked messages. A message that lies whole in the pushed bytes is not
 * copied; one that does not is gathered in a buffer of its own size, made only after its prelude proved right.
 *
 * The AWS codec is not used here because importing it takes some 80 ms and decoding with it takes the whole time that
 * an event may cost; the tests hold this decoder against it.
 */
export function createMessageDecoder(readHeaders: HeaderReader = createHeaderReader()): MessageDecoder {
  const decode = (message: Uint8Array): EventStreamMessage => decodeMessage(message, readHeaders)
  let gathered = new Uint8Array(PRELUDE_BYTES)
  let gatheredBytes = 0

  function gather(bytes: Uint8Array, from: number): number {
    const taken = Math.min(gathered.length - gatheredBytes, bytes.length - from)
    gathered.set(bytes.subarray(from, from + taken), gatheredBytes)
    gatheredBytes += taken
    return from + taken
  }

  return {
    *push(bytes) {
      let position = 0
      while (position < bytes.length) {
        const whole = gatheredBytes === 0 ? wholeMessage(bytes, position) : undefined
        if (whole !== undefined) {
          position += whole.length
          yield decode(whole)
          continue
        }
        position = gather(bytes, position)
        if (gatheredBytes < gathered.length) return
        if (gatheredBytes === PRELUDE_BYTES) {
          const larger = new Uint8Array(messageLength(gathered, 0))
          larger.set(gathered)
          gathered = larger
          continue
        }
        const message = gathered
        gathered = new Uint8Array(PRELUDE_BYTES)
        gatheredBytes = 0
        yield decode(message)
      }
    },
    end() {
      if (gatheredBytes > 0) throw new EventStreamError("truncated", "the stream ended inside a message")
    },
  }
}

function wholeMessage(bytes: Uint8Array, from: number): Uint8Array | undefined {
  if (bytes.length - from < PRELUDE_BYTES) return undefined
  const end = from + messageLength(bytes, from)
  return end <= bytes.length ? bytes.subarray(from, end) : undefined
}

/** The length that a prelude claims, once its checksum and the limits have been seen to hold. */
function messageLength(bytes: Uint8Array, at: number): number {
  if (crc32(bytes.subarray(at, at + 8)) !== unsigned32(bytes, at + 8)) {
    throw new EventStreamError("checksum", "the checksum of a prelude does not match")
  }
  const total = unsigned32(bytes, at)
  const headers = unsigned32(bytes, at + 4)
  if (total > MOST_MESSAGE_BYTES || headers > MOST_HEADER_BYTES || total < headers + LEAST_MESSAGE_BYTES) {
    throw new EventStreamError("length", `a message of ${total} bytes with ${headers} bytes of headers`)
  }
  return total
}

function decodeMessage(message: Uint8Array, readHeaders: HeaderReader): EventStreamMessage {
  const checksumAt = message.length - CHECKSUM_BYTES
  if (crc32(message.subarray(0, checksumAt)) !== unsigned32(message, checksumAt)) {
    throw new EventStreamError("checksum", "the checksum of a message does not match")
  }
  const payloadAt = PRELUDE_BYTES + unsigned32(message, 4)
  const headers = readHeaders(message.subarray(PRELUDE_BYTES, payloadAt))
  return { headers, payload: message.subarray(payloadAt, checksumAt) }
}

/** Reads a header block. */
export type HeaderReader = (block: Uint8Array) => Headers

const MOST_KNOWN = 16

/** All answers are made of the same few kinds of messages, each with one header block: whoever keeps the reader reads it once. */
export function createHeaderReader(): HeaderReader {
  const known: { readonly block: Uint8Array; readonly headers: Headers }[] = []
  return (block) => {
    for (const each of known) if (areSame(each.block, block)) return each.headers
    // The bytes that were pushed are gone with the next push.
    const kept = block.slice()
    const headers = readHeaders(kept)
    if (known.length === MOST_KNOWN) known.length = 0
    known.push({ block: kept, headers })
    return headers
  }
}

function areSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}

function unsigned32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  const low = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
  return high * 0x1_0000 + low
}

/** Types 0 and 1 are booleans, 2 to 4 numbers, 5 a bigint, 6 bytes, 7 text, 8 a date, 9 the text of a UUID. */
export type HeaderValue = boolean | number | bigint | Uint8Array | string | Date

type Headers = ReadonlyMap<string, HeaderValue>

/**
 * Reads a header block: one length byte, name, one type byte, value, again and again.
 * Throws `EventStreamError` "headers" where a length runs past the block or a type is not one of the ten.
 * Source: AWS event-stream specification, `vnd.amazon.eventstream`.
 */
function readHeaders(block: Uint8Array): Headers {
  const headers = new Map<string, HeaderValue>()
  const reader = new BlockReader(block)
  while (!reader.atEnd()) {
    const name = reader.text(reader.unsigned(1))
    headers.set(name, readValue(reader, reader.unsigned(1)))
  }
  return headers
}

function readValue(reader: BlockReader, type: number): HeaderValue {
  switch (type) {
    case 0:
      return true
    case 1:
      return false
    case 2:
      return reader.signed(1)
    case 3:
      return reader.signed(2)
    case 4:
      return reader.signed(4)
    case 5:
      return reader.long()
    case 6:
      return reader.bytes(reader.unsigned(2))
    case 7:
      return reader.text(reader.unsigned(2))
    case 8:
      return new Date(Number(reader.long()))
    case 9:
      return uuid(reader.bytes(16))
    default:
      throw new EventStreamError("headers", `header type ${type} does not exist`)
  }
}

/** It keeps no state: each text is whole. A BOM is part of it. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

class BlockReader {
  readonly #block: Uint8Array
  readonly #view: DataView
  #position = 0

  constructor(block: Uint8Array) {
    this.#block = block
    this.#view = new DataView(block.buffer, block.byteOffset, block.byteLength)
  }

  atEnd(): boolean {
    return this.#position === this.#block.length
  }

  unsigned(size: 1 | 2): number {
    const at = this.#take(size)
    return size === 1 ? this.#view.getUint8(at) : this.#view.getUint16(at)
  }

  signed(size: 1 | 2 | 4): number {
    const at = this.#take(size)
    if (size === 1) return this.#view.getInt8(at)
    return size === 2 ? this.#view.getInt16(at) : this.#view.getInt32(at)
  }

  long(): bigint {
    return this.#view.getBigInt64(this.#take(8))
  }

  bytes(size: number): Uint8Array {
    const at = this.#take(size)
    return this.#block.subarray(at, at + size)
  }

  text(size: number): string {
    return utf8.decode(this.bytes(size))
  }

  #take(size: number): number {
    const at = this.#position
    if (size > this.#block.length - at) {
      throw new EventStreamError("headers", "a header runs past the end of its block")
    }
    this.#position += size
    return at
  }
}

function uuid(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
}

export type EventStreamErrorCode =
  /** A CRC-32 that does not match: the bytes were changed on the way. */
  | "checksum"
  /** A length that can't be right, or one beyond the size cap. */
  | "length"
  /** A header block that is not as the specification says. */
  | "headers"
  /** The stream ended inside a message. */
  | "truncated"

/** Bytes that are not an event stream, or not a whole one. */
export class EventStreamError extends Error {
  override readonly name = "EventStreamError"
  readonly code: EventStreamErrorCode

  constructor(code: EventStreamErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
