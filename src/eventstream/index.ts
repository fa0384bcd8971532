export { createHeaderReader, createMessageDecoder, EventStreamError } from "./decoder.ts"
export type {
  EventStreamErrorCode,
  EventStreamMessage,
  HeaderReader,
  Headers,
  HeaderValue,
} from "./decoder.ts"
