import { type Account, accountName } from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import { type Attempt, type FailedAt, nextAttempt } from "../attempt/attempt.ts"
import type { Chat } from "../chat.ts"
import { anotherCanServe } from "../attempt/choose-account.ts"
import { type Carried, decide, type Situation, type Verdict } from "./decide.ts"
import type { GatewayContext } from "../dependencies.ts"
import { refuseOverflow } from "../refuse/overflow.ts"
import { park } from "./park.ts"
import { carriedBy } from "../attempt/prepare.ts"
import { type Refusal, refusalOf } from "../refuse/refusal.ts"
import { shapeOf } from "../request-log.ts"
import type { SentWith } from "../attempt/try-once.ts"

/** An attempt that brought no answer. */
export interface Failed {
  readonly chat: Chat
  readonly attempt: Attempt
  readonly account: Account
  readonly failure: KiroFailure
  /** Absent where nothing was sent. */
  readonly sent?: SentWith
}

const NOTHING_CARRIED: Carried = { signatures: [], documents: [], images: [], fields: [] }

/** Judges a failed attempt and obeys the verdict: the attempt to make next, or what to tell the host. */
export async function recover(context: GatewayContext, failed: Failed): Promise<Attempt | Refusal> {
  const { runtime } = context
  const { attempt, account, failure } = failed
  const verdict = decide(await situationOf(context, failed))
  runtime.log.info("chat attempt failed", {
    account: accountName(account),
    ...(failed.sent !== undefined && { host: failed.sent.host.name }),
    attempt: attempt.sends,
    failure,
    verdict,
    ...(failure.kind === "malformed-request" &&
      failed.sent !== undefined && { shape: shapeOf(failed.sent.prepared.body) }),
  })
  await park(context, failed, verdict)
  if (verdict.do === "fail") return refuse(context, failed, verdict.retryAfterMs)
  const next = nextAttempt(attempt, verdict, placeOf(failed))
  const changed = await prepareFor(context, verdict, failed)
  return changed ? next : recover(context, { ...failed, attempt: next })
}

/** What has to happen before the next attempt; false where it turned out to be pointless. */
async function prepareFor(
  { runtime, store, lookUps }: GatewayContext,
  verdict: Verdict,
  { chat, account }: Failed,
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

async function situationOf(context: GatewayContext, failed: Failed): Promise<Situation> {
  const { chat, attempt, account, failure, sent } = failed
  const login = sent?.credential.login
  return {
    failure,
    attempt,
    accountId: account.id,
    renewableLogin: login === undefined || login.kind === "api-key" ? undefined : login.id,
    anotherLogin:
      login !== undefined &&
      account.logins.some(({ id, revoked }) => id !== login.id && revoked === undefined),
    anotherAccount: await anotherCanServe(context, { chat, attempt, accountId: account.id }),
    anotherHost: sent !== undefined && sent.otherHosts.length > 0,
    carried: sent === undefined ? NOTHING_CARRIED : carriedBy(sent.prepared, failure.message),
    limits: context.settings,
    jitter: context.runtime.random(),
  }
}

function placeOf({ account, failure, sent }: Failed): FailedAt {
  return {
    failure,
    accountId: account.id,
    accountName: accountName(account),
    loginId: sent?.credential.login.id,
    hostName: sent?.host.name,
    accessToken: sent?.credential.accessToken,
  }
}

function refuse(
  context: GatewayContext,
  { chat, account, failure, sent }: Failed,
  retryAfterMs: number | undefined,
): Refusal | Promise<Refusal> {
  if (failure.kind === "input-too-long") return refuseOverflow(context, chat, sent)
  return refusalOf({ failure, account: accountName(account), model: chat.request.model, retryAfterMs })
}
