import { accountName, localDay, type SessionMemory } from "../accounts/index.ts"
import { createHeaderReader } from "../eventstream/index.ts"
import { present } from "../json.ts"
import { type FailureKind, HIGH_SHARE, type KiroFailure } from "../kiro/index.ts"
import type { ChatHead, ChatMessage } from "../openai/index.ts"
import { type LogFields, untilAborted } from "../runtime.ts"
import { ownCommand } from "../settings/index.ts"
import { createSchemaReader, estimateTokens, isSpokenMessage, type TurnSummary } from "../translate/index.ts"
import { type Answered, type Attempt, type Failed, makeAttempt } from "./attempt/attempt.ts"
import { chooseAccount } from "./attempt/choose-account.ts"
import { afterThrottle, firstProgress, isOfTheSession, type Progress } from "./attempt/progress.ts"
import { type Chat, openChat } from "./chat.ts"
import { createBackground, createTurnstile } from "./background.ts"
import type { GatewayContext, GatewayDependencies } from "./context.ts"
import type { AnsweredChat, ChatCall, ChatOutcome, RefusedChat, Refusal } from "./chat-call.ts"
import { createModelReader } from "./asked-model.ts"
import { recover } from "./recover/recover.ts"
import { refusalOf } from "./refuse/failures.ts"
import { refusalOfError } from "./refuse/texts.ts"
import { isInOrder, rememberAnswer, rememberLeftOut, taughtBy, type TurnEnd } from "./remember.ts"
import { batchesOf } from "./stream/answer.ts"
import type { Batch } from "./stream/source.ts"

export interface Gateway {
  /** Rejects only with the reason of the call's signal. */
  chat(call: ChatCall): Promise<ChatOutcome>
  /** Resolves when the work behind the answers is done. */
  close(): Promise<void>
}

/** As much of a gateway as a front needs. */
export type ChatGateway = Pick<Gateway, "chat">

/** Answers a host's chats by asking Kiro. Makes nothing, opens nothing and asks nothing before the first. */
export function createGateway(dependencies: GatewayDependencies): Gateway {
  const { runtime } = dependencies
  const turnstile = createTurnstile(runtime.clock)
  const background = createBackground(runtime.log, runtime.clock)
  const context: GatewayContext = {
    ...dependencies,
    background,
    unanswered: new Map(),
    readModel: createModelReader(),
    readHeaders: createHeaderReader(),
    readSchema: createSchemaReader(),
  }
  return {
    async chat(call) {
      await turnstile()
      try {
        // Some waits know no signal: that for a locked database, or for what another program's store says.
        return await untilAborted(liveChat(context, call), call.signal)
      } catch (error) {
        call.signal.throwIfAborted()
        runtime.log.error("the gateway failed", { error })
        return { outcome: "refusal", refusal: refusalOfError(error) }
      }
    },
    async close() {
      await background.settled()
      await dependencies.store.settle()
    },
  }
}

/**
 * Lives one chat with the asked model, and where that stays busy with those that the user named for this case. Rejects
 * only with the reason of the caller's signal.
 */
async function liveChat(context: GatewayContext, call: ChatCall): Promise<ChatOutcome> {
  const chat = await openChat(context, call)
  const overBudget = await refuseByBudget(context, chat)
  if (overBudget !== undefined) return { outcome: "refusal", refusal: overBudget }
  const asked = await askModel(context, chat, begin(chat, chat.session))
  if (asked.outcome === "answer" || asked.because !== "capacity") return asked
  return (await askFallbacks(context, asked)) ?? asked
}

/** What one model came to. */
type Asked = AnsweredChat | Refused

interface Refused extends RefusedChat, Pick<Attempt, "chat" | "progress"> {
  readonly because: FailureKind | "no-account"
}

/**
 * Choose an account, try, and where that failed recover, until an answer has begun or nothing more can be done. Nobody
 * has seen anything of a failed attempt.
 */
async function askModel(context: GatewayContext, chat: Chat, begun: Progress): Promise<Asked> {
  let progress = begun
  const refused = async (refusal: Refusal, because: Refused["because"]): Promise<Refused> => {
    await rememberLeftOut(context, { chat, progress })
    return { outcome: "refusal", refusal, because, chat, progress }
  }
  while (true) {
    const chosen = await chooseAccount(context, chat, progress)
    if (chosen.outcome === "refusal") return await refused(chosen.refusal, "no-account")
    if (chosen.outcome === "wait") {
      await context.runtime.clock.sleep(chosen.ms, chat.signal)
      progress = afterThrottle(progress, chosen.ms)
      continue
    }
    const attempted = await makeAttempt(context, { chat, account: chosen.account, progress })
    const result = attempted.outcome === "answered" ? await deliver(context, attempted) : attempted
    if (result.outcome === "answer") return result
    const recovery = await recover(context, result)
    progress = recovery.outcome === "again" ? recovery.progress : result.progress
    if (recovery.outcome === "refusal") return await refused(recovery.refusal, result.failure.kind)
  }
}

/** What says of a model alone that it can't serve this chat now. */
const PASSED_OVER: ReadonlySet<Refused["because"]> = new Set<Refused["because"]>([
  "capacity",
  "invalid-model",
  "input-too-long",
  "no-account",
])

/** One after the other; `undefined` where none of them can serve either. */
async function askFallbacks(context: GatewayContext, busy: Refused): Promise<ChatOutcome | undefined> {
  const { fallbacks, request, sessionId } = busy.chat
  let last = busy
  for (const model of fallbacks) {
    const { sends, waits, waitedMs } = last.progress
    if (sends >= context.settings.maxRequestIterations) return undefined
    const opened = await openChat(context, { ...busy.chat, request: { ...request, model } })
    // The host does not compact for its window: the model that was asked may have a larger one.
    const chat = { ...opened, session: { ...opened.session, overflowAnswered: true } }
    if (wouldSummariseAPart(chat, busy.chat)) continue
    // What the models before have taught of the conversation, this one need not be asked again.
    const session = { ...chat.session, ...taughtBy(last) }
    const asked = await askModel(context, chat, { ...begin(chat, session), sends, waits, waitedMs })
    if (asked.outcome === "answer")
      context.notify({ kind: "model-switched", from: request.model, to: model, sessionId })
    if (asked.outcome === "answer" || !PASSED_OVER.has(asked.because)) return asked
    last = asked
  }
  return undefined
}

/** What a summary leaves out is lost for good, and the model that is busy may take it all a while later. */
function wouldSummariseAPart(chat: Chat, asked: Chat): boolean {
  const { purpose, window, session } = chat
  if (purpose !== "compaction" || window >= asked.window) return false
  return estimateTokens(chat.conversation) * (session.tokenRatio ?? 1) > window * SURELY_TAKEN
}

/** Of its window a model takes so much of any text, whatever its tokens turn out to be, and in one message as well. */
const SURELY_TAKEN = 1 / 2

function begin(chat: Chat, session: SessionMemory): Progress {
  const { leftOut = [], tokenRatio } = session
  return firstProgress({ ...firstStep(chat, session), omitted: leftOut.filter(isOfTheSession), tokenRatio })
}

/**
 * A session starts where it last got through, until a request is smaller than the one that needed it, or goes to a
 * model with a larger window than the one that could not take it.
 */
function firstStep(chat: Chat, session: SessionMemory): Pick<Progress, "step" | "shortenedSize"> {
  const { shortenStep: step, shortenedSize, shortenedWindow = chat.window } = session
  if (step === undefined || chat.window > shortenedWindow) return {}
  return estimateTokens(chat.conversation) < (shortenedSize ?? 0)
    ? {}
    : { step, ...present({ shortenedSize }) }
}

/**
 * The user's own limit for a day. Work that is under way goes on beyond it: steps behind a tool, subagents, titles,
 * summaries, what follows a summary, and a message whose answer failed. Only a new one of the user's own is refused.
 */
async function refuseByBudget(
  { store, runtime, notify, background, unanswered }: GatewayContext,
  chat: Chat,
): Promise<Refusal | undefined> {
  const budget = chat.current.dailyCreditBudget
  if (budget === undefined || chat.purpose !== "main") return undefined
  // The last answer may have ended just now.
  await background.settled()
  await store.settle()
  const day = localDay(runtime.clock.now())
  const { credits: used, lifted } = await store.spentOn(day)
  const isOpen = lifted || used < budget
  if (isOpen && !lifted && used >= budget * HIGH_SHARE) notify({ kind: "budget-near", used, budget, day })
  if (!isOwnMessage(chat)) return undefined
  const { sessionId, conversation } = chat
  if (!isOpen && unanswered.get(sessionId) !== conversation.userTurn)
    return { status: 402, message: usedUp(budget, used) }
  unanswered.set(sessionId, conversation.userTurn)
  return undefined
}

function usedUp(budget: number, used: number): string {
  return `Kiro: today's budget of ${budget} credits is used up (${used.toFixed(2)} so far). To go on, lift it until midnight with \`${ownCommand()} budget lift\` or in /kiro, or raise daily_credit_budget (in kiro.json or KIRO_DAILY_CREDIT_BUDGET), then send the message once more.`
}

/** What OpenCode 1.18 says in the user's name behind a subagent that a command started. */
const AFTER_SUBTASK = "Summarize the task tool output above and continue with your task."

/**
 * Whether something of the user's own stands behind the last answer and what its tools returned: also where that is a
 * tool that was stopped, refused or called by the user.
 */
function isOwnMessage({ request, parentSessionId, session }: Chat): boolean {
  if (parentSessionId !== undefined || session.justCompacted === true) return false
  // At the last step that it allows OpenCode 1.18 ends with words in the model's name.
  const end = request.messages.findLastIndex(({ role }) => role !== "assistant") + 1
  const asked = request.messages.slice(0, end)
  const answered = asked.findLastIndex(({ role }) => role === "assistant" || role === "tool")
  return asked
    .slice(answered + 1)
    .some((message) => isSpokenMessage(message) && !isText(message, AFTER_SUBTASK))
}

function isText({ content }: ChatMessage, text: string): boolean {
  return content.every((part) => part.type === "text" && part.text === text)
}

/**
 * The answer for the host. Asked for as a whole it is read to its end first, and a failure on the way can still be
 * recovered from; else it belongs to the host from here on.
 */
async function deliver(
  context: GatewayContext,
  answered: Answered,
): Promise<AnsweredChat | ({ readonly outcome: "failed" } & Failed)> {
  const { chat, answer, sent } = answered
  const onEnd = (summary: TurnSummary, failure?: KiroFailure): void =>
    remember(context, answered, { summary, failure })
  const toRefusal = (failure: KiroFailure): Refusal =>
    refusalOf({
      failure,
      account: answered.account,
      model: chat.request.model,
      retryAfterMs: failure.retryAfterMs,
    })
  const head: ChatHead = {
    id: `chatcmpl-${chat.invocationId}`,
    created: Math.floor(sent.startedAt / 1000),
    model: chat.request.model,
  }
  if (chat.request.stream)
    return { outcome: "answer", answer: { head, batches: batchesOf(answer.read(onEnd), toRefusal) } }
  const whole = await answer.readWhole()
  if (whole.outcome === "failed") return { ...answered, ...whole }
  onEnd(whole.summary)
  const only: Batch = { chunks: whole.chunks, end: { outcome: "finished" } }
  const batches = batchesOf({ next: async () => only, close: () => undefined }, toRefusal)
  return { outcome: "answer", answer: { head, batches } }
}

/** Behind the answer: its reader waits for nothing of it. */
function remember(context: GatewayContext, answered: Answered, end: TurnEnd): void {
  const { settings, runtime } = context
  if (settings.enableLogApiRequest) {
    const now = runtime.clock.now()
    runtime.log.info("answer from Kiro", describeAnswer({ answered, end, now }))
  }
  const { purpose, sessionId } = answered.chat
  if (purpose === "main" && isInOrder(end)) context.unanswered.delete(sessionId)
  rememberAnswer(context, answered, end)
}

/** How the answer ended, without a word of it. Neither a finish reason nor a failure: the host stopped listening. */
function describeAnswer({
  answered: { chat, account, sent },
  end: { summary, failure },
  now,
}: {
  readonly answered: Answered
  readonly end: TurnEnd
  readonly now: number
}): LogFields {
  const { finishReason, usage, metered, completedCallIds, openCallIds, reasoning } = summary
  return {
    invocationId: chat.invocationId,
    account: accountName(account),
    model: sent.model.wireId,
    tookMs: now - sent.startedAt,
    ended: finishReason ?? (failure === undefined ? "not listened to" : "failed"),
    usage,
    credits: metered.credits,
    completedCalls: completedCallIds.length,
    openCalls: openCallIds.length,
    signatures: reasoning.length,
    ...present({ failure }),
  }
}
