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
