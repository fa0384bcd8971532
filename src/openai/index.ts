export { ChatRequestError } from "./request-error.ts"
export { readChatRequest } from "./request.ts"
export type { ChatMessage, ChatRequest, ReasoningBlock } from "./request.ts"
export type { ContentPart } from "./request-content.ts"
export { apiCallError } from "./api-call-error.ts"
export type { ApiCallFailure } from "./api-call-error.ts"
export type {
  ChatChunk,
  ChatDelta,
  ChatHead,
  ChatUsage,
  FinishReason,
  ReasoningProof,
  ToolCallDelta,
} from "./chunk.ts"
export { foldChunks } from "./completion.ts"
export type { ChatCompletion, ToolCall } from "./completion.ts"
export { errorResponse } from "./error-response.ts"
export type { ErrorAnswer } from "./error-response.ts"
export { createChunkEncoder, DONE } from "./sse.ts"
