import {
  type Account,
  accountName,
  afterFailure,
  afterSuccess,
  type SessionMemory,
} from "../accounts/index.ts"
import type { KiroFailure } from "../kiro/index.ts"
import type { TurnSummary } from "../translate/index.ts"
import type { Answered } from "./live-chat.ts"
import type { GatewayContext } from "./dependencies.ts"
import { briefly } from "./refuse/failure-answers.ts"

/** Without a failure and without a finish reason the host stopped listening. */
export interface AnswerEnd {
  readonly summary: TurnSummary
  readonly failure?: KiroFailure | undefined
}

/** What the next request of the session needs: it may be on its way already. */
export async function rememberForSession(
  { store, runtime }: GatewayContext,
  { chat, attempt, sent }: Answered,
  { summary, failure }: AnswerEnd,
): Promise<void> {
  const { sessionId, purpose, size } = chat
  if (purpose === "generate") return
  if (summary.reasoning.length > 0) await store.rememberReasoning(sessionId, summary.reasoning)
  const succeeded = failure === undefined && summary.finishReason !== undefined
  if (!succeeded) return
  for (const field of attempt.learnt)
    await store.addRefusedField({ modelId: sent.model.wireId, field, at: runtime.clock.now() })
  if (purpose === "compaction") await store.updateSession(sessionId, afterCompaction)
  if (purpose !== "main") return
  await store.updateSession(sessionId, (session) => {
    const { shortenStep: _, shortenedSize: __, shortenedWindow: ___, fullWindow: ____, ...rest } = session
    const { step: shortenStep } = attempt
    const step =
      shortenStep === undefined ? {} : { shortenStep, shortenedSize: size, shortenedWindow: chat.window }
    const full = summary.reportedWholeWindow ? ({ fullWindow: "reported" } as const) : {}
    return { ...rest, overflowAnswered: false, ...step, ...full }
  })
}

function afterCompaction(session: SessionMemory): SessionMemory {
  return session.fullWindow === undefined ? session : { ...session, fullWindow: "compacted" }
}

/** Everything else that an answer taught, of the account, the model and the credits. */
export async function settle(context: GatewayContext, answered: Answered, end: AnswerEnd): Promise<void> {
  const { store, runtime, lookUps } = context
  const { chat, account, sent } = answered
  const { summary, failure } = end
  const felt = failure ?? summary.hiddenFailure
  const now = runtime.clock.now()
  if (felt !== undefined) {
    const { settings } = context
    const cause = { now, throttleDelayMs: settings.rateLimitRetryDelayMs, random: runtime.random() }
    await store.update(account.id, (current) => afterFailure(current, felt, cause))
  }
  if (summary.credits > 0)
    await store.addTurn({
      sessionId: chat.sessionId,
      accountId: account.id,
      modelId: sent.model.id,
      credits: summary.credits,
      at: now,
    })
  if (felt !== undefined || summary.finishReason === undefined) return
  // Most answers tell nothing new of their account, and cost no write.
  if (proven(account, answered, now) !== account)
    await store.update(account.id, (current) => proven(current, answered, now))
  tell(context, answered)
  lookUps.afterAnswer(account.id)
}

function proven(current: Account, { sent, attempt }: Answered, now: number): Account {
  const loginId = sent.credential.login.id
  const account = afterSuccess(current, { loginId, startedAt: sent.startedAt, now })
  const remembered = current.hosts["runtime"]
  const isNews = remembered === undefined ? attempt.hostsTried.length > 0 : remembered !== sent.host.name
  return isNews ? { ...account, hosts: { ...account.hosts, runtime: sent.host.name } } : account
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
    notify({ kind: "conversation-shortened", share: attempt.step, sessionId: chat.sessionId })
}
