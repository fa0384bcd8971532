export { createMessageDecoder, EventStreamError } from "./decoder.ts"
export type { EventStreamErrorCode, EventStreamMessage, Headers, HeaderValue } from "./decoder.ts"
