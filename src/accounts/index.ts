export type {
  Account,
  ClientRegistration,
  CoolingReason,
  Health,
  Login,
  LoginKind,
  LoginSource,
  Quota,
  RevokedReason,
  TokenSet,
} from "./account.ts"
export type {
  ImportedLogin,
  Reread,
  SourceProblem,
  SourceReading,
  SourceStore,
  WriteBack,
} from "./tokens/source-store.ts"
