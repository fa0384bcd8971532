export { createChunkEncoder, DONE, foldChunks } from "./answer.ts"
export type {
  ChatChunk,
  ChatCompletion,
  ChatDelta,
  ChatHead,
  ChatUsage,
  FinishReason,
  ReasoningProof,
  ToolCallDelta,
} from "./answer.ts"
export {
  apiCallError,
  errorResponse,
  isRepeatedStatus,
  OVERFLOW_WORDS,
  toldStatus,
  withoutWords,
} from "./errors.ts"
export { ChatRequestError, jsonText, readChatRequest } from "./request.ts"
export type { ChatMessage, ChatRequest, ContentPart, ReasoningBlock } from "./request.ts"
