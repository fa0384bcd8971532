import { type Account, accountName } from "../accounts/index.ts"
import type { KiroFailure } from "../kiro/index.ts"
import type { ChatHead } from "../openai/index.ts"
import type { TurnSummary } from "../translate/index.ts"
import { type Attempt, firstAttempt } from "./attempt/attempt.ts"
import type { Chat } from "./chat.ts"
import { chooseAccount } from "./attempt/choose-account.ts"
import type { GatewayContext } from "./dependencies.ts"
import type { ChatAnswer, ChatOutcome } from "./door.ts"
import { recover } from "./recover/recover.ts"
import { type Refusal, refusalOf } from "./refuse/refusal.ts"
import { startingStep } from "./recover/shortening.ts"
import { describeAnswer } from "./request-log.ts"
import { rememberForSession, settle } from "./settle.ts"
import { batchesOf, type CommittedAnswer } from "./stream/open-answer.ts"
import type { Batch } from "./stream/source.ts"
import { type SentWith, tryOnce } from "./attempt/try-once.ts"

/** An answer behind its commit point, with all that led to it. */
export interface Answered {
  readonly chat: Chat
  readonly attempt: Attempt
  readonly account: Account
  readonly answer: CommittedAnswer
  readonly sent: SentWith
}

/**
 * Lives one chat: choose an account, try, and where that failed recover, until an answer has begun or nothing more can
 * be done. Nobody has seen anything of a failed attempt. Rejects only with the reason of the caller's signal.
 */
export async function liveChat(context: GatewayContext, chat: Chat): Promise<ChatOutcome> {
  let attempt: Attempt = firstAttempt(startingStep(chat.session, chat))
  while (true) {
    const chosen = await chooseAccount(context, chat, attempt)
    if ("refusal" in chosen) return { outcome: "refusal", refusal: chosen.refusal }
    const { account } = chosen
    attempt = { ...attempt, sends: attempt.sends + 1 }
    const tried = await tryOnce(context, { chat, attempt, account })
    const result = "answer" in tried ? await toAnswer(context, { chat, attempt, account, ...tried }) : tried
    if ("batches" in result) return { outcome: "answer", answer: result }
    const recovery: Attempt | Refusal = await recover(context, { chat, attempt, account, ...result })
    if ("status" in recovery) return { outcome: "refusal", refusal: recovery }
    attempt = recovery
  }
}

/**
 * The answer for the host. Asked for as a whole it is read to its end first, and a failure on the way can still be
 * recovered from; else it belongs to the host from here on.
 */
async function toAnswer(
  context: GatewayContext,
  answered: Answered,
): Promise<ChatAnswer | { readonly failure: KiroFailure; readonly sent: SentWith }> {
  const { chat, answer, sent } = answered
  const head: ChatHead = {
    id: `chatcmpl-${chat.invocationId}`,
    created: Math.floor(sent.startedAt / 1000),
    model: chat.request.model,
  }
  const onEnd = (summary: TurnSummary, failure?: KiroFailure): void => {
    const end = { summary, failure }
    const { settings, runtime } = context
    if (settings.enableLogApiRequest) {
      const now = runtime.clock.now()
      runtime.log.info("answer from Kiro", describeAnswer({ answered, end, now }))
    }
    context.background.start(chat.sessionId, () => rememberForSession(context, answered, end))
    context.background.start("accounts", () => settle(context, answered, end))
  }
  const toRefusal = (failure: KiroFailure): Refusal => {
    const account = accountName(answered.account)
    const { model } = chat.request
    return refusalOf({ failure, account, model, retryAfterMs: failure.retryAfterMs })
  }
  if (chat.request.stream) return { head, batches: batchesOf(answer.read(onEnd), toRefusal) }
  const whole = await answer.readWhole()
  if (whole.outcome === "failed") return { failure: whole.failure, sent }
  onEnd(whole.summary)
  const only: Batch = { chunks: whole.chunks, end: { outcome: "finished" } }
  return { head, batches: batchesOf({ next: async () => only, close: () => undefined }, toRefusal) }
}
