import { type Account, accountName, afterFailure, afterLoginRefused } from "../../accounts/index.ts"
import { present } from "../../json.ts"
import { estimateTokens } from "../../translate/index.ts"
import type { Failed } from "../attempt/attempt.ts"
import { omissionsFor } from "../attempt/body.ts"
import { anotherAccount, chooseAccount } from "../attempt/choose-account.ts"
import {
  isOfTheWay,
  nextProgress,
  type Progress,
  ratioAfterRefusal,
  type Verdict,
} from "../attempt/progress.ts"
import type { Chat } from "../chat.ts"
import type { GatewayContext } from "../context.ts"
import type { RefusedChat, Refusal } from "../chat-call.ts"
import { refusalOf } from "../refuse/failures.ts"
import { refusalOfTried } from "../refuse/none-left.ts"
import { overflow, tooLarge } from "../refuse/texts.ts"
import { bookFailure } from "../remember.ts"
import { shapeOf } from "../request-log.ts"
import { decide, type Ways } from "./decide.ts"

/** How the chat goes on behind a failed attempt. */
export type Recovery = { readonly outcome: "again"; readonly progress: Progress } | RefusedChat

/** Judges a failed attempt and obeys the verdict. Rejects only with the reason of the caller's signal. */
export async function recover(context: GatewayContext, attempted: Failed): Promise<Recovery> {
  await bookFailure(context, attempted)
  attempted.chat.signal.throwIfAborted()
  let { progress } = attempted
  while (true) {
    const failed = ofAllHosts({ ...attempted, progress })
    const verdict = decide(failed.failure, progress, await waysOf(context, failed, progress))
    logFailure(context, attempted, verdict)
    await recordFailure(context, failed, verdict)
    if (verdict.do === "fail") return { outcome: "refusal", refusal: await refuse(context, failed, verdict) }
    progress = nextProgress(progress, verdict, failed)
    // A look-up that brought nothing new leaves the next move to be tried.
    if (await obey(context, failed, verdict)) return { outcome: "again", progress }
  }
}

/**
 * One host's no is not the other's, which takes some kinds of login alone: while that one's own word is not heard, nobody
 * has refused the account.
 */
function ofAllHosts(failed: Failed): Failed {
  const { unheard } = failed.progress
  return unheard !== undefined && isForOtherHost(failed) ? { ...failed, failure: unheard } : failed
}

/** Whether the other host may see it otherwise, and the account has no way of its own left. */
function isForOtherHost({ failure, progress, account, sent }: Failed): boolean {
  switch (failure.kind) {
    case "bearer-rejected": {
      const login = sent?.credential.login
      return login !== undefined && (login.kind === "api-key" || progress.refreshed.includes(login.id))
    }
    case "not-authorized":
    case "feature-not-supported":
      return progress.rediscovered.includes(account.id)
    case "unknown-operation":
      return true
    default:
      return false
  }
}

/** Does what has to happen before the next attempt; false where that turned out to be pointless. */
async function obey(
  { runtime, store, lookUps }: GatewayContext,
  { chat, account, sent }: Failed,
  verdict: Verdict,
): Promise<boolean> {
  if (verdict.do === "wait") await runtime.clock.sleep(verdict.ms, chat.signal)
  if (verdict.do === "rediscover")
    return lookUps.profile(account.id, { refused: sent?.credential, signal: chat.signal })
  if (verdict.do === "new-conversation" && chat.purpose !== "generate") {
    const generation = chat.session.generation + 1
    await store.remember({
      sessionId: chat.sessionId,
      session: (current) => ({ ...current, generation: Math.max(current.generation, generation) }),
    })
  }
  return true
}

async function waysOf(context: GatewayContext, failed: Failed, progress: Progress): Promise<Ways> {
  const { chat, account, failure, sent } = failed
  const login = sent?.credential.login
  const { health } = afterFailure(account, failure, causeIn(context))
  return {
    accountId: account.id,
    renewableLogin: login === undefined || login.kind === "api-key" ? undefined : login.id,
    anotherLogin:
      login !== undefined &&
      account.logins.some(({ id, revoked }) => id !== login.id && revoked === undefined),
    anotherAccount: await anotherAccount(context, { chat, progress, accountId: account.id }),
    anotherHost: sent !== undefined && sent.otherHosts.length > 0,
    throttles: health.state === "cooling" && health.reason === "throttled" ? health.times : 1,
    omissible: sent === undefined ? [] : omissionsFor(failure, sent.body, progress),
    limits: context.settings,
    jitter: context.runtime.random(),
  }
}

function logFailure({ runtime }: GatewayContext, failed: Failed, verdict: Verdict): void {
  const { account, progress, failure, sent } = failed
  runtime.log.info("chat attempt failed", {
    account: accountName(account),
    ...present({ host: sent?.host.name }),
    attempt: progress.sends,
    failure,
    verdict,
    ...(failure.kind === "malformed-request" && sent !== undefined && { shape: shapeOf(sent.body.document) }),
  })
}

async function refuse(
  context: GatewayContext,
  failed: Failed,
  { retryAfterMs, others }: Extract<Verdict, { do: "fail" }>,
): Promise<Refusal> {
  const { chat, progress, account, failure, sent } = failed
  if (others !== undefined) return refuseLast(context, failed, others)
  if (failure.kind === "input-too-long") {
    if (sent === undefined) return refuseOverflow(context, chat, progress)
    const { estimatedTokens } = sent.body
    const tokenRatio = ratioAfterRefusal(progress, failure, sent)
    return refuseOverflow(context, chat, { estimatedTokens, tokenRatio })
  }
  return refusalOf({ failure, account, model: chat.request.model, retryAfterMs })
}

/** Behind the last send that the user allows: as always where no other account could serve either. */
async function refuseLast(
  context: GatewayContext,
  failed: Failed,
  others: "asked" | "unasked",
): Promise<Refusal> {
  const { chat } = failed
  const left = nextProgress(failed.progress, { do: "switch-account" }, failed)
  const next = others === "asked" ? await chooseAccount(context, chat, left) : undefined
  return next?.outcome === "refusal" ? next.refusal : refuseTried(context, chat, left)
}

async function refuseTried(
  { store, runtime }: GatewayContext,
  { request }: Chat,
  { excluded, sends }: Progress,
): Promise<Refusal> {
  const now = runtime.clock.now()
  // As they are behind what was written down of them.
  const accounts = new Map((await store.list()).map((account) => [account.id, account]))
  const tried = excluded.map((each) => ({ ...each, account: accounts.get(each.account.id) ?? each.account }))
  return refusalOfTried({ tried, sends, model: request.model, now, jitter: runtime.random() })
}

/** The account still has a way of its own: nothing is held against it yet. */
const UNDECIDED: ReadonlySet<Verdict["do"]> = new Set<Verdict["do"]>(["refresh", "rediscover", "switch-host"])

/**
 * Writes down what a failure means for its account, on the disk, where parallel requests and other processes see it.
 * A failure that no account is to blame for changes nothing.
 */
async function recordFailure(context: GatewayContext, failed: Failed, verdict: Verdict): Promise<void> {
  if (UNDECIDED.has(verdict.do)) return
  const { store, notify, lookUps } = context
  const { account, sent } = failed
  const failure = { ...failed.failure, ...waitOf(verdict) }
  const cause = causeIn(context)
  const judge = (current: Account): Account => {
    if (failure.kind !== "bearer-rejected") return afterFailure(current, failure, cause)
    // Out of sends, nothing was tried yet; without `sent` the token keeper has written its refusal down itself.
    if (sent === undefined || verdict.do === "fail") return current
    if (isOfTheWay(failure, sent)) return current
    const { id: loginId } = sent.credential.login
    return afterLoginRefused(current, { loginId, reason: failure.message, now: cause.now })
  }
  const isBlamed = failure.kind === "bearer-rejected" || judge(account) !== account
  if (!isBlamed) return
  const judged = await store.update(account.id, judge)
  if (failure.kind === "throttled") lookUps.afterThrottle(account.id)
  if (judged?.health.state !== "revoked") return
  notify({ kind: "account-revoked", account: judged, reason: judged.health.reason })
}

function causeIn({ runtime, settings }: GatewayContext): Parameters<typeof afterFailure>[2] {
  return {
    now: runtime.clock.now(),
    random: runtime.random(),
    throttleDelayMs: settings.rateLimitRetryDelayMs,
  }
}

/** An account that is waited for cools for just as long. */
function waitOf(verdict: Verdict): { readonly retryAfterMs?: number } {
  if (verdict.do === "wait") return { retryAfterMs: verdict.ms }
  if (verdict.do === "fail" && verdict.retryAfterMs !== undefined)
    return { retryAfterMs: verdict.retryAfterMs }
  return {}
}

/**
 * What to say when even the smallest form of a conversation was too long. OpenCode 1.18 compacts on an overflow and
 * sends the message again, without end: so the same session hears it once, until an answer of purpose main came.
 */
async function refuseOverflow(
  { store }: GatewayContext,
  chat: Chat,
  tried: { readonly estimatedTokens?: number | undefined; readonly tokenRatio?: number | undefined },
): Promise<Refusal> {
  const { purpose, sessionId, request, conversation, session } = chat
  // What its refusals taught fits the compaction that follows.
  const learnt = purpose === "generate" ? {} : present({ tokenRatio: tried.tokenRatio })
  const isFirst = purpose === "main" && !session.overflowAnswered
  await store.remember({
    sessionId,
    session: (current) => ({ ...current, ...learnt, ...(isFirst && { overflowAnswered: true }) }),
  })
  if (isFirst) {
    return { status: 400, message: overflow(request.model), overflow: true }
  }
  const estimatedTokens = tried.estimatedTokens ?? estimateTokens(chat.conversation)
  const largest = largestPart(conversation)
  return { status: 400, message: tooLarge({ model: request.model, purpose, estimatedTokens, largest }) }
}

function largestPart({ system, tools, turns }: Chat["conversation"]): string {
  const users = turns.flatMap((turn) => (turn.role === "user" ? [turn] : []))
  const longest = (lengths: readonly number[]): number => Math.max(0, ...lengths)
  const sizes: readonly (readonly [string, number])[] = [
    ["the system prompt and the tools", system.length + JSON.stringify(tools).length],
    ["tool outputs", longest(users.map(({ results }) => lengthOf(results.map(({ text }) => text))))],
    [
      "a message",
      longest(
        users.map(({ parts }) =>
          lengthOf(parts.map((part) => (part.type === "text" ? part.text : part.bytes))),
        ),
      ),
    ],
  ]
  return sizes.reduce((largest, next) => (next[1] > largest[1] ? next : largest))[0]
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0)
}
