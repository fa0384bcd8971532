export type { FailureKind, KiroFailure } from "./failure.ts"
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
