export type {
  Account,
  ClientRegistration,
  CoolingReason,
  Health,
  LockingReason,
  Login,
  LoginSource,
  PlaceKey,
  Quota,
  TokenLogin,
  TokenSet,
} from "./account.ts"
export { type AccountChanges, successorsIn } from "./draft.ts"
export {
  afterChoiceWanted,
  afterFailure,
  afterLoginRefused,
  afterSuccess,
  afterUsage,
  chooseProfile,
  disableAccount,
  enableAccount,
  type AccountState,
  foundProfile,
  isLocked,
  isLocking,
  isOutOfCredits,
  lockedBy,
  type LockingFailure,
  type Rest,
  RESTS,
  stateOf,
  stateOfHealth,
  type StateReason,
  wantsProfile,
} from "./health.ts"
export {
  accessOf,
  BUILDER_ID_REGION,
  changeLogin,
  type Credential,
  isBuilderIdUrl,
  isCopy,
  isIdentityCenter,
  loginHash,
  loginRegionOf,
  newAccount,
  ownerOf,
  pairHash,
  recordOf,
  withoutRevocation,
} from "./login.ts"
export {
  accountName,
  briefName,
  cellsOf,
  cutTo,
  isMeant,
  kindName,
  fullName,
  labelOf,
  ownName,
  readLabel,
  shortId,
  typedName,
} from "./name.ts"
export { describeNotice, type Notice, type NoticeText, sourceTrouble } from "./notices.ts"
export { actedNow, learnIdentity, replaceRefused } from "./owner.ts"
export { type CacheUse, cacheShare, creditsOf, lastsUntil, resetOf, usedShare } from "./quota.ts"
export {
  type Choice,
  type ChoiceState,
  selectAccount,
  type SelectionPolicy,
  type Unavailable,
} from "./selection.ts"
export { type AccountStore, openAccountStore } from "./store/account-store.ts"
export {
  type Database,
  type DatabaseDriver,
  loadDatabaseDriver,
  openDatabase,
  type OpenOptions,
  passesSoon,
  type Row,
  STORE_TROUBLES,
  StoreError,
  type StoreFailure,
  storeFailure,
} from "./store/database.ts"
export { inTransaction } from "./store/file.ts"
export { attempted, type Patience, patiently } from "./store/patience.ts"
export {
  type Learnt,
  localDay,
  type RefusedField,
  type SessionMemory,
  type StoredTurn,
  type MeteredTurn,
} from "./store/sessions.ts"
export { type AccountOverview, readOverview, type StoreOverview } from "./store/overview.ts"
export { type ImportedLogin, takeIn } from "./take-in.ts"
export {
  InStep,
  isUnread,
  type PairChange,
  placeIn,
  type SourceProblem,
  type SourceReading,
  type SourceStore,
  type WriteBack,
} from "./tokens/in-step.ts"
export { type KeeperDependencies, type NoToken, TokenKeeper } from "./tokens/keeper.ts"
export { type Identify, keepUsage, OWNER_PATIENCE_MS, type OwnerAnswer, Owners } from "./tokens/ask-owner.ts"
export { isShut, restingUnder } from "./login-use.ts"
export {
  creditsText,
  dayText,
  groupedStates,
  type NamedState,
  type RemedyFor,
  remedyOf,
  stillSignedIn,
  shortState,
  STATE_WORDS,
  timeText,
  untilText,
  usedBar,
  withEnabling,
} from "./words.ts"
