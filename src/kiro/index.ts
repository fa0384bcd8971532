export type { FailureKind, KiroFailure } from "./failure.ts"
export { readKiroFailure, readStreamFailure } from "./read-failure.ts"
export { networkFailure } from "./network-failure.ts"
export {
  hostHeaders,
  hostsFor,
  isChinaRegion,
  regionOfArn,
  SERVICE_REGIONS,
  serviceRegionOf,
} from "./endpoints.ts"
export type { KiroHost, Plane, ServiceRegion } from "./endpoints.ts"
export { authorizationHeaders, ORIGIN, userAgent } from "./identity.ts"
export type { TokenType } from "./identity.ts"
export { buildChatRequest } from "./request.ts"
export type { KiroHttpRequest } from "./request.ts"
export type { KiroEvent, TokenUsage } from "./event.ts"
export type {
  AssistantResponseMessage,
  CachePoint,
  ChatMessage,
  ConversationState,
  DocumentBlock,
  DocumentFormat,
  GenerateAssistantResponseRequest,
  ImageBlock,
  ImageFormat,
  ReasoningContent,
  Tool,
  ToolResult,
  ToolUse,
  UserInputMessage,
} from "./conversation-state.ts"
