export { createMessageDecoder, EventStreamError } from "./decoder.ts"
export type {
  EventStreamErrorCode,
  EventStreamMessage,
  Headers,
  HeaderValue,
  MessageDecoder,
} from "./decoder.ts"
