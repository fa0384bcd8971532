import { type Account, accountName } from "../accounts/index.ts"
import type { KiroFailure } from "../kiro/index.ts"
import type { TurnSummary } from "../translate/index.ts"
import type { Attempt } from "./attempt/attempt.ts"
import type { Chat } from "./chat.ts"
import type { GatewayContext } from "./dependencies.ts"
import { refusalOf, toStreamError } from "./refuse/refusal.ts"
import { describeAnswer } from "./request-log.ts"
import { rememberForSession, settle } from "./settle.ts"
import type { CommittedAnswer } from "./stream/open-answer.ts"
import type { SentWith } from "./attempt/try-once.ts"

/** An answer behind its commit point, with all that led to it. */
export interface Answered {
  readonly chat: Chat
  readonly attempt: Attempt
  readonly account: Account
  readonly answer: CommittedAnswer
  readonly sent: SentWith
}

const STREAM_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" }

/**
 * The answer in the form that was asked for. As one document it is read to its end first, and a failure on the way can
 * still be recovered from; as a stream it belongs to the host from here on.
 */
export async function deliver(
  context: GatewayContext,
  answered: Answered,
): Promise<{ readonly response: Response } | { readonly failure: KiroFailure; readonly sent: SentWith }> {
  const { chat, answer, sent } = answered
  const settled = (summary: TurnSummary, failure?: KiroFailure): void => {
    const end = { summary, failure }
    const { settings, runtime } = context
    if (settings.enableLogApiRequest) {
      const now = runtime.clock.now()
      runtime.log.info("answer from Kiro", describeAnswer({ answered, end, now }))
    }
    context.background.start(chat.sessionId, () => rememberForSession(context, answered, end))
    context.background.start("accounts", () => settle(context, answered, end))
  }
  if (!chat.request.stream) {
    const whole = await answer.fold()
    if ("failure" in whole) return { failure: whole.failure, sent }
    settled(whole.summary)
    return { response: Response.json(whole.completion) }
  }
  const account = accountName(answered.account)
  const { model } = chat.request
  const stream = answer.stream({
    onEnd: settled,
    toError: ({ failure, isRetryable }) => {
      const { retryAfterMs } = failure
      const refusal = refusalOf({ failure, account, model, retryAfterMs })
      return toStreamError(refusal, { isRetryable, url: context.baseUrl })
    },
  })
  return { response: new Response(stream, { headers: STREAM_HEADERS }) }
}
