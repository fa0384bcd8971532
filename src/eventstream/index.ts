export { createHeaderReader, createMessageDecoder, EventStreamError } from "./decoder.ts"
export type { EventStreamErrorCode, EventStreamMessage, HeaderReader, HeaderValue } from "./decoder.ts"
