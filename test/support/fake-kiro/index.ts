/**
 * A fake Kiro over real HTTP: it checks every request as strictly as the service and answers what it is told.
 *
 *     await using fake = await startFakeKiro()
 *     const account = fake.account({ kind: "identity-center" })   // its tokens, its profile, its usage
 *     fake.answer(reasoning({ text: "Hm.", signature: "c2ln" }), text("Hello"), finish())
 *     fake.answer(toolUse({ name: "read", input: { filePath: "a" } }), finish({ stopReason: "TOOL_USE" }))
 *     fake.fail(FAILURES.throttled)                               // the third chat
 *     fake.answer(inPieces(1), text("byte by byte"), reset)       // the fourth, and then the connection is cut
 *     account.expire()                                            // its access token is refused from now on
 *     fake.next("GetUsageLimits", FAILURES.featureNotSupported)   // any other operation
 *     …
 *     fake.chats        // what came: host, path, headers, body, account
 *     fake.refused      // what the strict checks did not take: none, for a good client
 *
 * As a program of its own: `bun test/support/fake-kiro/main.ts --port 8080`.
 */
export { checkChatRequest, promptTokens, type CheckContext, type Refusal } from "./check/index.ts"
export { FakeAccount, type AccountKind, type AccountOptions } from "./account.ts"
export { conversationIdOf, conversationStateOf, historyIn, toolNamesIn } from "./chat-body.ts"
export { cutConnection } from "./cut-connection.ts"
export { failure, FAILURES, type FailureName, type FailureOptions } from "./failure.ts"
export { FakeKiro, serve, startFakeKiro, type FakeKiroOptions } from "./fake-kiro.ts"
export { errorFrame, eventFrame, exceptionFrame, frame, withBrokenChecksum } from "./frames.ts"
export { FAKE_MODELS, type FakeModel } from "./models.ts"
export type { Operation } from "./operation.ts"
export { PromptCache } from "./prompt-cache.ts"
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
