export { isSpokenMessage } from "./conversation/conversation.ts"
export type { Conversation } from "./conversation/conversation.ts"
export type { AcceptedMedia } from "./conversation/media.ts"
export { toConversation } from "./conversation/read.ts"
export type { ConversationOptions } from "./conversation/read.ts"
export { hashReasoning } from "./conversation/reasoning.ts"
export type { SignedReasoning } from "./conversation/reasoning.ts"
export { createSchemaReader, type SchemaReader } from "./conversation/schemas.ts"
export { estimateTokens, learnRatio } from "./conversation/size.ts"
export {
  allTools,
  type BlockPlace,
  refusedMedia,
  refusedTools,
  toolsOfServer,
  withoutDocuments,
  withoutImages,
  withoutMedia,
  withoutSignatures,
  withoutTools,
} from "./conversation/without.ts"
export { conversationIdOf, toConversationState, toSendable } from "./conversation/write.ts"
export type { SendableOptions, WireOptions } from "./conversation/write.ts"
export type { AfterFailure, FailedEnding } from "./answer/ending.ts"
export { createChunkTranslator } from "./answer/translator.ts"
export type { ChunkTranslator, TranslatorOptions, TurnSummary } from "./answer/translator.ts"
export type { Metered } from "./answer/usage.ts"
