import { type Attempt, firstAttempt } from "./attempt/attempt.ts"
import type { Chat } from "./chat.ts"
import { chooseAccount } from "./attempt/choose-account.ts"
import { deliver } from "./deliver.ts"
import type { GatewayContext } from "./dependencies.ts"
import { recover } from "./recover/recover.ts"
import { type Refusal, toResponse } from "./refuse/refusal.ts"
import { startingStep } from "./recover/shortening.ts"
import { tryOnce } from "./attempt/try-once.ts"

/**
 * Lives one chat: choose an account, try, and where that failed recover, until an answer has begun or nothing more can
 * be done. Nobody has seen anything of a failed attempt. Rejects only with the reason of the caller's signal.
 */
export async function answerChat(context: GatewayContext, chat: Chat): Promise<Response> {
  let attempt: Attempt = firstAttempt(startingStep(chat.session, chat))
  while (true) {
    const chosen = await chooseAccount(context, chat, attempt)
    if ("refusal" in chosen) return toResponse(chosen.refusal)
    const { account } = chosen
    attempt = { ...attempt, sends: attempt.sends + 1 }
    const outcome = await tryOnce(context, { chat, attempt, account })
    const result =
      "answer" in outcome ? await deliver(context, { chat, attempt, account, ...outcome }) : outcome
    if ("response" in result) return result.response
    const recovery: Attempt | Refusal = await recover(context, { chat, attempt, account, ...result })
    if ("status" in recovery) return toResponse(recovery)
    attempt = recovery
  }
}
