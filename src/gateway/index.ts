export type { ControlAccess, ControlClient, ControlTarget } from "./control/call.ts"
export type { OpenLookUps } from "./control/look-ups.ts"
export {
  fetchModels,
  fetchProfiles,
  fetchUsage,
  type FoundProfiles,
  type Paged,
  type ProfileSearch,
  targetOf,
  type UsageAnswer,
} from "./control/questions.ts"
export { createTurnstile, type GatewayDependencies, type LookUps } from "./context.ts"
export type {
  AnswerBatch,
  AnswerEnd,
  ChatAnswer,
  ChatCall,
  ChatOutcome,
  Purpose,
  Refusal,
} from "./chat-call.ts"
export { type ChatGateway, createGateway, type Gateway } from "./gateway.ts"
export { NO_ACCOUNT, refusalOfError } from "./refuse/texts.ts"
export { type AccountsOptions, type Decision, openAccounts, type OpenAccounts } from "./open-accounts.ts"
export type { FoundPage, SearchOutcome, WebSearch } from "./control/web-search.ts"
