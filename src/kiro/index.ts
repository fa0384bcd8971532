export type { FailureKind, KiroFailure } from "./failure.ts"
export { networkFailure, readKiroFailure, readStreamFailure } from "./read-failure.ts"
export {
  GOVERNMENT_REGIONS,
  hostHeaders,
  hostsFor,
  regionOfArn,
  SERVICE_REGIONS,
  serviceRegionOf,
} from "./endpoints.ts"
export type { KiroHost, ServiceRegion } from "./endpoints.ts"
export { authorizationHeaders, buildChatRequest, ORIGIN } from "./request.ts"
export type { KiroHttpRequest, TokenType } from "./request.ts"
export { corruptStream, readKiroEvent } from "./read-event.ts"
export type { KiroEvent, TokenUsage } from "./read-event.ts"
export type {
  AssistantResponseMessage,
  CachePoint,
  ChatMessage,
  ConversationState,
  DocumentFormat,
  GenerateAssistantResponseRequest,
  ImageFormat,
  ReasoningContent,
  Tool,
  UserInputMessage,
} from "./conversation-state.ts"
export type { KiroModel, LiveModel } from "./models/catalogue.ts"
export { listsModel, resolveModel } from "./models/resolve.ts"
export {
  asksToThink,
  chooseThinking,
  refusedFields,
  requestFields,
  withoutRefused,
} from "./models/thinking.ts"
export type { RefusedPart, RequestFields, ThinkingPlan } from "./models/thinking.ts"
export { encodeModelLists, mergeModelLists, modelsOf, newestLists, readModelLists } from "./models/lists.ts"
export type { AccountModelList } from "./models/lists.ts"
export { BUILDER_ID_PROFILE_ARN, profileToUse, readModelEntries, readProfiles } from "./profiles.ts"
export type { KiroProfile, Page } from "./profiles.ts"
export { epochMs, lenient, listOf, record } from "./lenient.ts"
export { extraCredits, HIGH_SHARE, planName, QUOTA, readUsageLimits } from "./usage-limits.ts"
export type { UsageLimits } from "./usage-limits.ts"
