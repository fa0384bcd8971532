export type { FailureKind, KiroFailure } from "./failure.ts"
export { readKiroFailure, readStreamFailure } from "./read-failure.ts"
export { networkFailure } from "./network-failure.ts"
export {
  GOVERNMENT_REGIONS,
  hostHeaders,
  hostsFor,
  regionOfArn,
  SERVICE_REGIONS,
  serviceRegionOf,
} from "./endpoints.ts"
export type { KiroHost, KiroHosts, Plane, ServiceRegion } from "./endpoints.ts"
export { authorizationHeaders, ORIGIN, userAgent } from "./identity.ts"
export type { TokenType } from "./identity.ts"
export { buildChatRequest } from "./request.ts"
export type { KiroHttpRequest } from "./request.ts"
export type { KiroEvent, TokenUsage } from "./event.ts"
export { corruptStream, readKiroEvent } from "./read-event.ts"
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
export { offeredModels } from "./models/offered.ts"
export type { Effort } from "./models/effort.ts"
export type { FieldSchema, RequestField } from "./models/field-schema.ts"
export type { KiroModel, ModelInput, ThinkingKind } from "./models/model.ts"
export { listsModel, resolveModel } from "./models/resolve.ts"
export { refusedFields, withRefusals } from "./models/refusals.ts"
export type { Refusal } from "./models/refusals.ts"
export { chooseThinking, requestFields } from "./models/thinking.ts"
export type { RequestFields, ThinkingPlan, ThinkingWish } from "./models/thinking.ts"
export { readModelList } from "./model-list.ts"
export type { LiveModel, ModelListPage } from "./model-list.ts"
export { decodeModelLists, encodeModelLists, mergeModelLists, modelsOf } from "./models/lists.ts"
export type { AccountModelList } from "./models/lists.ts"
export { readProfiles } from "./profiles.ts"
export type { KiroProfile, ProfilePage } from "./profiles.ts"
export { readUsageLimits } from "./usage-limits.ts"
export type { UsageBonus, UsageLimits, UsageQuota } from "./usage-limits.ts"
