import { isDeepStrictEqual } from "node:util"
import {
  type Account,
  accountName,
  afterFailure,
  afterSuccess,
  type Learnt,
  type SessionMemory,
  type MeteredTurn,
} from "../accounts/index.ts"
import type { KiroFailure } from "../kiro/index.ts"
import { present } from "../json.ts"
import { projectRoot } from "../settings/index.ts"
import { estimateTokens, learnRatio, type Metered, type TurnSummary } from "../translate/index.ts"
import type { Answered, Attempt, Failed } from "./attempt/attempt.ts"
import { partsInWords } from "./attempt/body.ts"
import { isOfTheSession, type Progress } from "./attempt/progress.ts"
import { ANY_TOPIC, OF_NO_REQUEST } from "./background.ts"
import type { GatewayContext } from "./context.ts"
import { briefly } from "./refuse/failures.ts"

/** How a turn ended. Without a failure and without a finish reason the host stopped listening. */
export interface TurnEnd {
  readonly summary: TurnSummary
  readonly failure?: KiroFailure | undefined
}

/**
 * Writes down behind the answer what it taught, of its session, its account and the credits. Most teach what they cost
 * and nothing else, which no request waits for.
 */
export function rememberAnswer(context: GatewayContext, answered: Answered, end: TurnEnd): void {
  const { store, lookUps, background } = context
  const { chat, account, progress } = answered
  const { summary } = end
  const isFinished = isInOrder(end)
  const learnt = learntOf(context, answered, end)
  const { account: change, reasoning = [], refusedFields = [] } = learnt
  const isForOthers = change !== undefined || reasoning.length > 0 || refusedFields.length > 0
  // The host may be ended as soon as it has said so. No turn of its event loop comes before that.
  const kept = isForOthers ? store.remember(learnt) : store.rememberSoon(learnt)
  const work = async (): Promise<void> => {
    await kept
    if (!isFinished || summary.hiddenFailure !== undefined) return
    await tell(context, answered)
    lookUps.afterAnswer(account.id)
  }
  // What was left out may be what the model refuses in every session.
  if (progress.omitted.length > 0) background.start(ANY_TOPIC, work)
  else background.start(isForOthers ? chat.sessionId : OF_NO_REQUEST, work)
}

export function isInOrder({ summary, failure }: TurnEnd): boolean {
  return failure === undefined && summary.finishReason !== undefined
}

function learntOf(context: GatewayContext, answered: Answered, end: TurnEnd): Learnt {
  const { sessionId, purpose } = answered.chat
  const { summary, failure } = end
  const felt = failure ?? summary.hiddenFailure
  const isFinished = isInOrder(end)
  const ofSession = purpose !== "generate"
  const metered = { ...summary.metered, failed: failure !== undefined }
  return {
    sessionId,
    ...(ofSession && { reasoning: summary.reasoning }),
    ...(ofSession && isFinished && { refusedFields: refusedFieldsOf(answered) }),
    ...present({
      session: isFinished && ofSession ? sessionChange(answered, summary) : undefined,
      account: accountChange(context, answered, { felt, isFinished }),
      turn: turnOf(context, answered, metered),
    }),
  }
}

type SessionChange = (current: SessionMemory) => SessionMemory

/** Most answers change nothing of what the session knew when they were asked for, and cost no write. */
function sessionChange(answered: Answered, summary: TurnSummary): SessionChange | undefined {
  const { purpose, session } = answered.chat
  const ratio = present({ tokenRatio: ratioAfter(answered, summary) })
  const change: SessionChange = (current) => {
    const next = { ...withLeftOut(current, answered.progress), ...ratio }
    if (purpose === "compaction") return afterCompaction(next)
    return purpose === "main" ? afterMain(next, answered, summary) : next
  }
  return isDeepStrictEqual(change(session), session) ? undefined : change
}

/** Most answers tell nothing new of their account either. */
function accountChange(
  { runtime, settings }: GatewayContext,
  answered: Answered,
  { felt, isFinished }: { readonly felt: KiroFailure | undefined; readonly isFinished: boolean },
): Learnt["account"] {
  const { id } = answered.account
  const now = runtime.clock.now()
  if (felt !== undefined) {
    const cause = { now, throttleDelayMs: settings.rateLimitRetryDelayMs, random: runtime.random() }
    return { id, change: (current) => afterFailure(current, felt, cause) }
  }
  if (!isFinished || proven(answered.account, answered, now) === answered.account) return undefined
  return { id, change: (current) => proven(current, answered, now) }
}

/** What the service refused of a chat is not sent again, also where that has failed for something else since. */
export async function rememberLeftOut(
  { store, notify }: GatewayContext,
  { chat, progress }: Pick<Attempt, "chat" | "progress">,
): Promise<void> {
  if (progress.omissions === 0 || chat.purpose === "generate") return
  await store.remember({
    sessionId: chat.sessionId,
    session: (current) => withLeftOut(current, progress),
  })
  tellLeftOut(notify, { chat, progress })
}

/** Beside what other requests of the session have had refused meanwhile. */
function withLeftOut(current: SessionMemory, progress: Progress): SessionMemory {
  const leftOut = [...new Set([...(current.leftOut ?? []), ...leftOutOf(progress)])]
  return leftOut.length === 0 ? current : { ...current, leftOut }
}

/** What a chat has taught of its session so far, before any answer of it. */
export function taughtBy(failed: Pick<Attempt, "chat" | "progress">): Partial<SessionMemory> {
  const { tokenRatio } = failed.progress
  return { ...shortenedBy(failed), leftOut: leftOutOf(failed.progress), ...present({ tokenRatio }) }
}

/** What the model as such has not, another model of the session may have. */
function leftOutOf({ omitted, learnt }: Progress): readonly string[] {
  return omitted.filter((part) => isOfTheSession(part) && !learnt.includes(part))
}

function shortenedBy({ chat, progress }: Pick<Attempt, "chat" | "progress">): Partial<SessionMemory> {
  const { step: shortenStep, shortenedSize = estimateTokens(chat.conversation) } = progress
  return shortenStep === undefined ? {} : { shortenStep, shortenedSize, shortenedWindow: chat.window }
}

function ratioAfter(
  { progress, sent }: Answered,
  { countedPromptTokens: counted }: TurnSummary,
): number | undefined {
  const { estimatedTokens: estimated } = sent.body
  const request = progress.step === undefined ? "whole" : "cut"
  return learnRatio(progress.tokenRatio, { estimated, counted, request })
}

function afterCompaction(session: SessionMemory): SessionMemory {
  const compacted = { ...session, justCompacted: true }
  return session.fullWindow === undefined ? compacted : { ...compacted, fullWindow: "compacted" }
}

function afterMain(current: SessionMemory, answered: Answered, summary: TurnSummary): SessionMemory {
  const {
    shortenStep: _step,
    shortenedSize: _size,
    shortenedWindow: _window,
    fullWindow: _full,
    justCompacted: _compacted,
    ...rest
  } = current
  const full = summary.reportedWholeWindow ? ({ fullWindow: "reported" } as const) : {}
  return { ...rest, overflowAnswered: false, ...shortenedBy(answered), ...full }
}

/** One refused signature may be one session's bad luck; that of another session says that the model takes none. */
const REFUSED_BEFORE = "reasoning-once"

function refusedFieldsOf({ chat, progress, sent }: Answered): NonNullable<Learnt["refusedFields"]> {
  const modelId = sent.model.wireId
  const isNews = progress.omitted.includes("reasoning") && !chat.session.leftOut?.includes("reasoning")
  const reasoning = chat.refused.includes(REFUSED_BEFORE) ? "reasoning" : REFUSED_BEFORE
  return [...progress.learnt, ...(isNews ? [reasoning] : [])].map((field) => ({ modelId, field }))
}

/** What the service metered counts, also of an attempt that failed. */
export async function bookFailure(context: GatewayContext, failed: Failed): Promise<void> {
  const { metered } = failed
  const turn = metered && turnOf(context, failed, { ...metered, failed: true })
  if (turn !== undefined) await context.store.remember({ sessionId: turn.sessionId, turn })
}

function turnOf(
  { project, runtime }: GatewayContext,
  { chat, progress, account, sent }: Answered | Failed,
  { failed, ...metered }: Metered & { readonly failed: boolean },
): MeteredTurn | undefined {
  if (metered.credits <= 0 && metered.inputTokens === undefined) return undefined
  const { sessionId, parentSessionId, purpose } = chat
  return {
    sessionId,
    accountId: account.id,
    modelId: sent?.model.id ?? chat.request.model,
    ...metered,
    at: runtime.clock.now(),
    purpose,
    attempt: progress.sends,
    ...(failed && { failed }),
    ...present({ project: project && projectRoot(project), parentSessionId }),
  }
}

function proven(current: Account, { chat, sent, progress }: Answered, now: number): Account {
  const loginId = sent.credential.login.id
  const { health } = current
  // A title gets through where no message does: it would begin anew what the messages have waited for.
  const isBeside = chat.purpose === "title" && health.state === "cooling" && health.reason === "throttled"
  const account = isBeside ? current : afterSuccess(current, { loginId, startedAt: sent.startedAt, now })
  const remembered = current.hosts["runtime"]
  const isNews = remembered === undefined ? progress.hostsTried.length > 0 : remembered !== sent.host.name
  return isNews ? { ...account, hosts: { ...account.hosts, runtime: sent.host.name } } : account
}

async function tell({ notify, store }: GatewayContext, answered: Answered): Promise<void> {
  const { chat, progress, account } = answered
  const { sessionId, session, purpose } = chat
  const [left] = progress.excluded
  // An account that was locked has been told of, with what helps, which the next notice would cover.
  const isTold = left !== undefined && (await store.get(left.account.id))?.health.state === "revoked"
  if (left !== undefined && !isTold)
    notify({
      kind: "account-switched",
      from: accountName(left.account),
      to: accountName(account),
      because: briefly(left.failure),
    })
  if (progress.step !== undefined && purpose === "main" && session.shortenStep === undefined)
    notify({ kind: "conversation-shortened", share: progress.step, sessionId })
  tellLeftOut(notify, answered)
}

function tellLeftOut(
  notify: GatewayContext["notify"],
  { chat, progress }: Pick<Attempt, "chat" | "progress">,
): void {
  const { sessionId, session } = chat
  const parts = partsInWords(progress.omitted, session.leftOut)
  if (parts.length > 0) notify({ kind: "parts-left-out", parts, sessionId })
}
