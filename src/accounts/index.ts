export type {
  Account,
  ClientRegistration,
  CoolingReason,
  ForgottenLogin,
  Health,
  LockingReason,
  Login,
  LoginKind,
  LoginSource,
  Quota,
  RevokedReason,
  TokenLogin,
  TokenSet,
} from "./account.ts"
export {
  afterChoiceWanted,
  afterFailure,
  afterLoginRefused,
  type FailureContext,
} from "./health/after-failure.ts"
export { afterSuccess, afterUsage, reviveBySource } from "./health/after-proof.ts"
export { chooseProfile, disableAccount, enableAccount, foundProfile } from "./health/by-user.ts"
export { isLocked, isLocking, isOutOfCredits, returnsAt, wantsProfile } from "./health/questions.ts"
export { type AccountChanges, learnIdentity, type LearntIdentity } from "./identity.ts"
export { type Import, mergeImported } from "./imported.ts"
export {
  isIdentityCenter,
  judgeForgotten,
  loginRegionOf,
  newAccount,
  sameTokens,
  withoutRevocation,
} from "./login.ts"
export { accountName } from "./name.ts"
export { describeNotice, type Notice, type NoticeText } from "./notices.ts"
export { lastsUntil, resetOf, usedShare } from "./quota.ts"
export {
  type Choice,
  type ChoiceState,
  selectAccount,
  type SelectionPolicy,
  type Unavailable,
} from "./selection.ts"
export { inTransaction } from "./store/file.ts"
export { type Database, openDatabase, type OpenOptions, type Row, type SqlValue } from "./store/database.ts"
export { StoreError, type StoreFailure, storeFailure } from "./store/failure.ts"
export { openAccountStore, type StoreOptions } from "./store/open-store.ts"
export {
  type AccountOverview,
  readOverview,
  type SessionOverview,
  type StoreOverview,
} from "./store/overview.ts"
export { localDay } from "./store/knowledge-rows.ts"
export type {
  AccountStore,
  ReasoningEntry,
  RefusedField,
  SessionMemory,
  StoredModelList,
  StoredRegistration,
  StoredTurn,
  SwapResult,
  Turn,
  TurnFilter,
} from "./store/store.ts"
export { accessOf, type Credential } from "./tokens/credential.ts"
export type { NoToken } from "./tokens/account-now.ts"
export { createTokenKeeper, type TokenKeeper } from "./tokens/keeper.ts"
export type { KeeperDependencies } from "./tokens/keeper-context.ts"
export { derivedLoginId, judgeReread, sameLogin } from "./tokens/login-identity.ts"
export type {
  ImportedLogin,
  Reread,
  SourceProblem,
  SourceReading,
  SourceStore,
  WriteBack,
} from "./tokens/source-store.ts"
export {
  type AccountState,
  creditsText,
  dayText,
  groupedStates,
  type NamedState,
  type RemedyFor,
  remedyOf,
  shortState,
  STATE_WORDS,
  stateOf,
  stateOfHealth,
  type StateReason,
  timeText,
  typedName,
  untilText,
} from "./words.ts"
