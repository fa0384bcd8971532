export type { ControlClient } from "./control/call.ts"
export { fetchModels, fetchOwner, fetchProfiles, fetchUsage, targetOf } from "./control/questions.ts"
export { createTurnstile } from "./background.ts"
export type { LookUps } from "./control/look-ups.ts"
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
export { type Decision, openAccounts, type OpenAccounts } from "./open-accounts.ts"
export type { FoundPage, SearchOutcome, SearchRules, WebSearch } from "./control/web-search.ts"
