import {
  type Account,
  accountName,
  type Credential,
  loginRegionOf,
  type NoToken,
} from "../../accounts/index.ts"
import {
  buildChatRequest,
  hostsFor,
  type KiroFailure,
  type KiroHost,
  type KiroModel,
  type ServiceRegion,
  serviceRegionOf,
} from "../../kiro/index.ts"
import { createChunkTranslator, type Metered } from "../../translate/index.ts"
import { type Chat, modelFor } from "../chat.ts"
import type { GatewayContext } from "../context.ts"
import { describeRequest } from "../request-log.ts"
import { type CommittedAnswer, openAnswer } from "../stream/answer.ts"
import { buildBody, type Body } from "./body.ts"
import type { Progress } from "./progress.ts"
import { send } from "./send.ts"

/** One HTTP send of a chat, or the try that ended before it, with all that led to it. */
export interface Attempt {
  readonly chat: Chat
  /** With this attempt counted, if it was sent. */
  readonly progress: Progress
  readonly account: Account
}

/** What was really sent, and to whom. */
interface Sent {
  readonly credential: Credential
  readonly host: KiroHost
  /** Hosts that this attempt has not asked. */
  readonly otherHosts: readonly KiroHost[]
  readonly model: KiroModel
  readonly body: Body
  readonly startedAt: number
}

export interface Answered extends Attempt {
  readonly sent: Sent
  readonly answer: CommittedAnswer
}

export interface Failed extends Attempt {
  readonly failure: KiroFailure
  /** Absent where nothing left this computer for Kiro: there was nothing to send, or nowhere to. */
  readonly sent?: Sent
  /** What the service metered for it all the same. */
  readonly metered?: Metered | undefined
}

export type Attempted =
  | ({ readonly outcome: "answered" } & Answered)
  | ({ readonly outcome: "failed" } & Failed)

/** Token, place, body, HTTP, and the answer up to its commit point. Rejects only on the caller's abort. */
export async function makeAttempt(context: GatewayContext, attempt: Attempt): Promise<Attempted> {
  const { chat, progress, account } = attempt
  const unsent = (failure: KiroFailure): Attempted => ({ outcome: "failed", ...attempt, failure })
  const { rejected } = progress
  const credential = await context.tokens.fresh({ account, rejected, signal: chat.signal })
  if (credential.state === "none") return unsent(withoutToken(credential))
  const place = placeOf(context, credential)
  if (place.outcome === "unsupported") return unsent(nowhere(place.region))
  const hosts = hostsFor({
    plane: "runtime",
    serviceRegion: place.region,
    override: context.settings.endpointOverride,
    remembered: account.hosts["runtime"],
  })
  const [host = hosts[0], ...otherHosts] = hosts.filter(({ name }) => !progress.hostsTried.includes(name))
  const model = modelFor(chat, { accountId: account.id, omitted: progress.omitted })
  const body = buildBody({ chat, progress, model, profileArn: credential.profileArn })
  if (progress.tooLong !== undefined && body.estimatedTokens >= progress.tooLong) return unsent(NO_SMALLER)
  const startedAt = context.runtime.clock.now()
  const sent: Sent = { credential, host, otherHosts, model, body, startedAt }
  const counted = { ...attempt, progress: { ...progress, sends: progress.sends + 1 } }
  const opened = await ask(context, counted, sent)
  if (opened.outcome === "answer") return { outcome: "answered", ...counted, sent, answer: opened.answer }
  return { outcome: "failed", ...counted, sent, failure: opened.failure, metered: opened.metered }
}

/** The next step of shortening changes nothing that could be left out. */
const NO_SMALLER: KiroFailure = { kind: "input-too-long", status: 0, message: "" }

async function ask(
  { runtime, settings, readHeaders }: GatewayContext,
  { chat, progress, account }: Attempt,
  { credential, host, model, body, startedAt }: Sent,
): ReturnType<typeof openAnswer> {
  const { invocationId, signal } = chat
  const request = buildChatRequest({
    ...credential,
    host,
    body: body.document,
    invocationId,
    attempt: progress.sends,
    maxAttempts: settings.maxRequestIterations,
  })
  runtime.log.debug("chat attempt", {
    account: accountName(account),
    host: host.name,
    model: model.wireId,
    attempt: progress.sends,
    // Nothing is counted for a line that is not written.
    get estimatedTokens() {
      return body.estimatedTokens
    },
  })
  if (settings.enableLogApiRequest)
    runtime.log.info("request to Kiro", {
      account: accountName(account),
      ...describeRequest(request, { body: body.document, prompts: settings.logPrompts }),
    })
  const firstContentMs = settings.requestTimeoutMs * (body.thinksNatively ? THINKERS_PATIENCE : 1)
  const response = await send({ runtime, request, signal, silenceMs: firstContentMs })
  if (response.outcome === "failed") return response
  return openAnswer({
    response: response.response,
    cancelUpstream: response.cancel,
    signal,
    clock: runtime.clock,
    askedAt: startedAt,
    firstContentMs,
    silenceMs: settings.requestTimeoutMs,
    readHeaders,
    translator: createChunkTranslator({
      wireModelId: model.wireId,
      toolNames: body.conversation.toolNames,
      thinkingTags: body.plan.mode === "tags",
      serviceWindow: model.serviceWindow,
      hostWindow: offeredWindow(chat, model),
      estimatedPromptTokens: Math.round(body.estimatedTokens * (progress.tokenRatio ?? 1)),
      reportWholeWindow: wholeWindowPolicy(chat, progress),
    }),
  })
}

/** The region in which an account's chats are served: that of its profile, else the nearest to its login's. */
function placeOf({ settings, notify }: GatewayContext, { login, profileArn }: Credential): ServiceRegion {
  const loginRegion = loginRegionOf(login)
  const { defaultRegion } = settings
  const place = serviceRegionOf({ profileArn, loginRegion, defaultRegion })
  if (place.outcome === "served" && place.mapped)
    notify({ kind: "region-mapped", from: loginRegion ?? defaultRegion, to: place.region })
  return place
}

/**
 * OpenCode 1.18 compacts after a full window and asks again. Where that answer is full once more, compacting did not
 * help, and saying so would lead it round without end.
 */
function wholeWindowPolicy({ purpose, session }: Chat, { step }: Progress): "when-full" | "always" | "never" {
  if (purpose !== "main") return "when-full"
  if (session.fullWindow === "compacted") return "never"
  return step === undefined ? "when-full" : "always"
}

/** What OpenCode may take the model's window for: an id of ours can promise more than the service has. */
function offeredWindow({ model: asked }: Chat, model: KiroModel): number {
  return Math.max(model.contextWindow, asked.builtIn.contextWindow)
}

/** A model that was asked to think may stay silent for longer before its first word. */
const THINKERS_PATIENCE = 2.5

/** A login that has ended is the account's fault; a token that could not be renewed just now is nobody's. */
function withoutToken({ reason, message }: NoToken): KiroFailure {
  switch (reason) {
    case "network":
    case "timeout":
    case "service":
    case "database":
      return { kind: "token-unavailable", status: 0, message, reason }
    case "disk-full":
      // The sentence for it says all.
      return { kind: "disk-full", status: 0, message: "" }
    // What rests is no fault that passes in seconds: another account, or an error that says what to do.
    case "held":
    case "resting":
    case "source-away":
    case "no-login":
    case "revoked":
      return { kind: "bearer-rejected", status: 401, message, reason }
    default:
      return reason satisfies never
  }
}

function nowhere(region: string): KiroFailure {
  return { kind: "not-authorized", status: 0, message: `Kiro is not offered in ${region}.` }
}
