import { type Account, accountName, afterFailure, afterLoginRefused } from "../../accounts/index.ts"
import type { Failed } from "../attempt/attempt.ts"
import { omissionsFor } from "../attempt/body.ts"
import { anotherCanServe } from "../attempt/choose-account.ts"
import { nextProgress, type Progress, ratioAfterRefusal, type Verdict } from "../attempt/progress.ts"
import type { GatewayContext } from "../context.ts"
import type { Refusal } from "../door.ts"
import { refusalOf } from "../refuse/failures.ts"
import { refuseOverflow } from "../refuse/overflow.ts"
import { bookCredits } from "../remember.ts"
import { shapeOf } from "../request-log.ts"
import { decide, type Ways } from "./decide.ts"

/** How the chat goes on behind a failed attempt. */
export type Recovery =
  | { readonly outcome: "again"; readonly progress: Progress }
  | { readonly outcome: "fall-back"; readonly model: string }
  | { readonly outcome: "refusal"; readonly refusal: Refusal }

/** Judges a failed attempt and obeys the verdict. */
export async function recover(context: GatewayContext, failed: Failed): Promise<Recovery> {
  await bookCredits(context, failed, { credits: failed.credits, failed: true })
  let { progress } = failed
  while (true) {
    const verdict = decide(failed.failure, progress, await waysOf(context, failed, progress))
    logFailure(context, failed, verdict)
    await park(context, failed, verdict)
    if (verdict.do === "fail") return { outcome: "refusal", refusal: await refuse(context, failed, verdict) }
    if (verdict.do === "fall-back") return { outcome: "fall-back", model: verdict.model }
    progress = nextProgress(progress, verdict, failed)
    // A look-up that brought nothing new leaves the next move to be tried.
    if (await obey(context, failed, verdict)) return { outcome: "again", progress }
  }
}

/** Does what has to happen before the next attempt; false where that turned out to be pointless. */
async function obey(
  { runtime, store, lookUps }: GatewayContext,
  { chat, account }: Failed,
  verdict: Verdict,
): Promise<boolean> {
  if (verdict.do === "wait") await runtime.clock.sleep(verdict.ms, chat.signal)
  if (verdict.do === "rediscover") return lookUps.profile(account.id, chat.signal)
  if (verdict.do === "new-conversation" && chat.purpose !== "generate") {
    const generation = chat.session.generation + 1
    await store.updateSession(chat.sessionId, (session) => ({
      ...session,
      generation: Math.max(session.generation, generation),
    }))
  }
  return true
}

async function waysOf(context: GatewayContext, failed: Failed, progress: Progress): Promise<Ways> {
  const { chat, account, failure, sent } = failed
  const login = sent?.credential.login
  return {
    accountId: account.id,
    renewableLogin: login === undefined || login.kind === "api-key" ? undefined : login.id,
    anotherLogin:
      login !== undefined &&
      account.logins.some(({ id, revoked }) => id !== login.id && revoked === undefined),
    anotherAccount: await anotherCanServe(context, { chat, progress, accountId: account.id }),
    anotherHost: sent !== undefined && sent.otherHosts.length > 0,
    anotherModel: chat.fallbacks[0],
    omissible: sent === undefined ? [] : omissionsFor(failure, sent.body, progress),
    limits: context.settings,
    jitter: context.runtime.random(),
  }
}

function logFailure({ runtime }: GatewayContext, failed: Failed, verdict: Verdict): void {
  const { account, progress, failure, sent } = failed
  runtime.log.info("chat attempt failed", {
    account: accountName(account),
    ...(sent !== undefined && { host: sent.host.name }),
    attempt: progress.sends,
    failure,
    verdict,
    ...(failure.kind === "malformed-request" && sent !== undefined && { shape: shapeOf(sent.body.document) }),
  })
}

async function refuse(
  context: GatewayContext,
  { chat, progress, account, failure, sent }: Failed,
  { retryAfterMs }: Extract<Verdict, { do: "fail" }>,
): Promise<Refusal> {
  if (failure.kind === "input-too-long") {
    if (sent === undefined) return refuseOverflow(context, chat, progress)
    const { estimatedTokens } = sent.body
    const tokenRatio = ratioAfterRefusal(progress, failure, sent)
    return refuseOverflow(context, chat, { estimatedTokens, tokenRatio })
  }
  return refusalOf({ failure, account: accountName(account), model: chat.request.model, retryAfterMs })
}

/** The account still has a way of its own: nothing is held against it yet. */
const UNDECIDED: ReadonlySet<Verdict["do"]> = new Set<Verdict["do"]>(["refresh", "rediscover", "switch-host"])

/**
 * Writes down what a failure means for its account, on the disk, where parallel requests and other processes see it.
 * A failure that no account is to blame for changes nothing.
 */
async function park(context: GatewayContext, failed: Failed, verdict: Verdict): Promise<void> {
  if (UNDECIDED.has(verdict.do)) return
  const { store, runtime, notify, background, lookUps, settings } = context
  const { account, sent } = failed
  const failure = { ...failed.failure, ...waitOf(verdict) }
  const cause = { now: runtime.clock.now(), random: runtime.random() }
  const judge = (current: Account): Account => {
    if (failure.kind !== "bearer-rejected")
      return afterFailure(current, failure, { ...cause, throttleDelayMs: settings.rateLimitRetryDelayMs })
    // Out of sends, nothing was tried yet; without `sent` the token keeper has written its refusal down itself.
    if (sent === undefined || verdict.do === "fail") return current
    const { id: loginId } = sent.credential.login
    return afterLoginRefused(current, { loginId, reason: failure.message, now: cause.now })
  }
  const before = account.health.state
  const isBlamed = failure.kind === "bearer-rejected" || judge(account) !== account
  if (!isBlamed) return
  const parked = await store.update(account.id, judge)
  // "Too many requests" is also what some accounts hear when their credits are used up: the usage call knows.
  if (failure.kind === "throttled")
    background.start("accounts", () => lookUps.usage(account.id, new AbortController().signal))
  if (parked?.health.state !== "revoked" || before === "revoked") return
  notify({ kind: "account-revoked", account: accountName(parked), reason: parked.health.reason })
}

/** An account that is waited for is parked for just as long. */
function waitOf(verdict: Verdict): { readonly retryAfterMs?: number } {
  if (verdict.do === "wait") return { retryAfterMs: verdict.ms }
  if (verdict.do === "fail" && verdict.retryAfterMs !== undefined)
    return { retryAfterMs: verdict.retryAfterMs }
  return {}
}
