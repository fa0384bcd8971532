export { ChatRequestError } from "./request-error.ts"
export { readChatRequest } from "./request.ts"
export type { ChatMessage, ChatRequest, ChatTool, ChatToolCall } from "./request.ts"
export type { ContentPart } from "./request-content.ts"
