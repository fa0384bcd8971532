import {
  type Account,
  accountName,
  afterFailure,
  afterSuccess,
  type ReasoningEntry,
  type SessionMemory,
} from "../accounts/index.ts"
import type { KiroFailure } from "../kiro/index.ts"
import type { TurnSummary } from "../translate/index.ts"
import type { Answered } from "./deliver.ts"
import type { GatewayContext } from "./dependencies.ts"
import { briefly } from "./texts.ts"

/** Without a failure and without a finish reason the host stopped listening. */
export interface AnswerEnd {
  readonly summary: TurnSummary
  readonly failure?: KiroFailure | undefined
}

/** Keeps what an answer taught, once it has ended: for the session, the account, the model and the credits. */
export async function settle(
  context: GatewayContext,
  answered: Answered,
  { summary, failure }: AnswerEnd,
): Promise<void> {
  const { store, runtime, lookUps } = context
  const { chat, account, sent } = answered
  const { sessionId } = chat
  // First what the next request of the session needs: it may be on its way already.
  if (summary.reasoning.length > 0) {
    const entries = summary.reasoning.map(toEntry)
    await store.rememberReasoning(sessionId, entries)
  }
  const succeeded = failure === undefined && summary.finishReason !== undefined
  if (succeeded) await store.updateSession(sessionId, (session) => afterAnswer(session, answered))
  await store.update(account.id, (current) => judge(context, current, { answered, failure, succeeded }))
  if (summary.credits > 0)
    await store.addTurn({
      sessionId,
      accountId: account.id,
      modelId: sent.model.id,
      credits: summary.credits,
      at: runtime.clock.now(),
    })
  if (!succeeded) return
  for (const field of answered.attempt.learnt)
    await store.addRefusedField({ modelId: sent.model.wireId, field, at: runtime.clock.now() })
  tell(context, answered)
  lookUps.afterAnswer(account.id)
}

function toEntry({ redactedContent, ...rest }: TurnSummary["reasoning"][number]): ReasoningEntry {
  return redactedContent === undefined ? rest : { ...rest, redacted: redactedContent }
}

function afterAnswer(session: SessionMemory, { chat, attempt }: Answered): SessionMemory {
  if (chat.purpose !== "main") return session
  const { shortenStep: _, shortenedSize: __, ...rest } = { ...session, overflowAnswered: false }
  if (attempt.step === undefined) return rest
  return { ...rest, shortenStep: attempt.step, shortenedSize: chat.size }
}

function judge(
  { runtime, settings }: GatewayContext,
  current: Account,
  {
    answered: { sent, attempt },
    failure,
    succeeded,
  }: {
    readonly answered: Answered
    readonly failure: KiroFailure | undefined
    readonly succeeded: boolean
  },
): Account {
  const now = runtime.clock.now()
  if (failure !== undefined)
    return afterFailure(current, failure, {
      now,
      throttleDelayMs: settings.rateLimitRetryDelayMs,
      random: runtime.random(),
    })
  if (!succeeded) return current
  const { login } = sent.credential
  const proven = afterSuccess(current, { loginId: login.id, startedAt: sent.startedAt, now })
  const remembered = current.hosts["runtime"]
  const isNews = remembered === undefined ? attempt.hostsTried.length > 0 : remembered !== sent.host.name
  return isNews ? { ...proven, hosts: { ...proven.hosts, runtime: sent.host.name } } : proven
}

function tell({ notify }: GatewayContext, { chat, attempt, account }: Answered): void {
  const [left] = attempt.excluded
  if (left !== undefined)
    notify({
      kind: "account-switched",
      from: left.accountName,
      to: accountName(account),
      because: briefly(left.failure),
    })
  if (attempt.step !== undefined && chat.purpose === "main" && chat.session.shortenStep === undefined)
    notify({ kind: "conversation-shortened", share: attempt.step })
}
