export { checkChatRequest, promptTokens, type CheckContext, type Refusal } from "./check/index.ts"
export { FakeAccount, type AccountKind, type AccountOptions } from "./account.ts"
export { failure, FAILURES, type FailureName, type FailureOptions } from "./failure.ts"
export { FakeKiro, serve, startFakeKiro, type FakeKiroOptions } from "./fake-kiro.ts"
export { errorFrame, eventFrame, exceptionFrame, frame, withBrokenChecksum } from "./frames.ts"
export { FAKE_MODELS, type FakeModel } from "./models.ts"
export type { Operation } from "./operation.ts"
export type { ReceivedRequest } from "./received.ts"
export { json, neverAnswers, resetBeforeHeaders, type Reply, type Step } from "./reply.ts"
export type { Script } from "./script.ts"
export {
  brokenChecksum,
  bytes,
  contextUsage,
  event,
  exception,
  finish,
  inPieces,
  metadata,
  metering,
  pause,
  reasoning,
  redactedReasoning,
  reset,
  silence,
  stream,
  streamError,
  text,
  toolUse,
  truncated,
  waitFor,
  type Steps,
  type ToolUseOptions,
} from "./steps.ts"
export type { Usage } from "./usage.ts"
export type { Poll, SignIn } from "./sign-in.ts"
export type { Rotation } from "./tokens.ts"
