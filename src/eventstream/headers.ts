import { EventStreamError } from "./error.ts"

/** Types 0 and 1 are booleans, 2 to 4 numbers, 5 a bigint, 6 bytes, 7 text, 8 a date, 9 the text of a UUID. */
export type HeaderValue = boolean | number | bigint | Uint8Array | string | Date

export type Headers = ReadonlyMap<string, HeaderValue>

/**
 * Reads a header block: one length byte, name, one type byte, value, again and again.
 * Throws `EventStreamError` "headers" where a length runs past the block or a type is not one of the ten.
 * Source: AWS event-stream specification, `vnd.amazon.eventstream`.
 */
export function readHeaders(block: Uint8Array): Headers {
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
      return reader.bytes(reader.unsigned(2)).slice()
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
