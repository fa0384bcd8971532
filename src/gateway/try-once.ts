import { type Account, accountName, type Credential, type NoToken } from "../accounts/index.ts"
import {
  buildChatRequest,
  hostsFor,
  type KiroFailure,
  type KiroHost,
  type KiroModel,
  serviceRegionOf,
} from "../kiro/index.ts"
import { createChunkTranslator } from "../translate/index.ts"
import type { Attempt } from "./attempt.ts"
import type { Chat } from "./chat.ts"
import type { GatewayContext } from "./dependencies.ts"
import { modelFor } from "./models.ts"
import { prepare, type Prepared } from "./prepare.ts"
import { send } from "./send.ts"
import { type CommittedAnswer, openAnswer } from "./stream/open-answer.ts"

/** What was really sent, and to whom. */
export interface SentWith {
  readonly credential: Credential
  readonly host: KiroHost
  /** Hosts that this attempt has not asked. */
  readonly otherHosts: readonly KiroHost[]
  readonly model: KiroModel
  readonly prepared: Prepared
  readonly startedAt: number
}

export type Outcome =
  | { readonly answer: CommittedAnswer; readonly sent: SentWith }
  /** Without `sent` nothing left this computer for Kiro: the account had no token to send with. */
  | { readonly failure: KiroFailure; readonly sent?: SentWith }

/** One attempt: token, place, body, HTTP, and the answer up to its commit point. Rejects only on the caller's abort. */
export async function tryOnce(
  context: GatewayContext,
  wanted: { readonly chat: Chat; readonly attempt: Attempt; readonly account: Account },
): Promise<Outcome> {
  const { runtime, settings, tokens, version } = context
  const { chat, attempt, account } = wanted
  const credential = await tokens.fresh({
    account,
    ...(attempt.rejected !== undefined && { rejected: attempt.rejected }),
    signal: chat.signal,
  })
  if ("unavailable" in credential) return { failure: tokenFailure(credential) }
  const place = placeOf(context, account, credential)
  const [host, ...otherHosts] = place.hosts?.filter(({ name }) => !attempt.hostsTried.includes(name)) ?? []
  if (host === undefined) return { failure: nowhere(place.region) }
  const model = modelFor(chat, attempt, account.id)
  const prepared = prepare({ chat, attempt, model, profileArn: place.profileArn })
  const sent: SentWith = { credential, host, otherHosts, model, prepared, startedAt: runtime.clock.now() }
  const firstContentMs = settings.requestTimeoutMs * patience(prepared, chat)
  const request = buildChatRequest({
    ...credential,
    host,
    body: prepared.body,
    invocationId: chat.invocationId,
    attempt: attempt.sends,
    maxAttempts: settings.maxRequestIterations,
    version,
  })
  runtime.log.debug("chat attempt", {
    account: accountName(account),
    host: host.name,
    model: model.wireId,
    attempt: attempt.sends,
    estimatedTokens: prepared.estimatedTokens,
  })
  const answered = await send({ runtime, request, signal: chat.signal, silenceMs: firstContentMs })
  if ("failure" in answered) return { failure: answered.failure, sent }
  const opened = await openAnswer({
    response: answered.response,
    cancelUpstream: answered.cancel,
    signal: chat.signal,
    clock: runtime.clock,
    firstContentMs,
    silenceMs: settings.requestTimeoutMs,
    head: {
      id: `chatcmpl-${chat.invocationId}`,
      created: Math.floor(sent.startedAt / 1000),
      model: chat.request.model,
    },
    translator: createChunkTranslator({
      toolNames: prepared.conversation.toolNames,
      thinkingTags: prepared.plan.mode === "tags",
      serviceWindow: model.serviceWindow,
      estimatedPromptTokens: prepared.estimatedTokens,
      reportWholeWindow: attempt.step !== undefined && chat.purpose === "main",
    }),
  })
  return { ...opened, sent }
}

/** A model that was asked to think may stay silent for longer before its first word. */
function patience({ plan }: Prepared, { purpose }: Chat): number {
  return plan.mode === "native" && purpose !== "title" ? 2.5 : 1
}

interface Place {
  readonly region: string
  readonly profileArn: string | undefined
  readonly hosts?: readonly KiroHost[]
}

/** Where an account's chats go: the region of its profile, the host that last worked first. */
function placeOf({ settings }: GatewayContext, account: Account, { login, profileArn }: Credential): Place {
  const place = serviceRegionOf({
    profileArn,
    loginRegion: login.kind === "idc" ? login.loginRegion : undefined,
    defaultRegion: settings.defaultRegion,
  })
  if ("unsupported" in place) return { region: place.unsupported, profileArn }
  const hosts = hostsFor({
    plane: "runtime",
    serviceRegion: place.region,
    override: settings.endpointOverride,
    remembered: account.hosts["runtime"],
  })
  return { region: place.region, profileArn, hosts }
}

function nowhere(region: string): KiroFailure {
  return { kind: "not-authorized", status: 0, message: `Kiro is not offered in ${region}.` }
}

/** A login that has ended is the account's fault; a token that could not be renewed just now is nobody's. */
function tokenFailure({ unavailable, message }: NoToken): KiroFailure {
  const ended = unavailable === "revoked" || unavailable === "no-login"
  return ended
    ? { kind: "bearer-rejected", status: 401, message, reason: unavailable }
    : { kind: "token-unavailable", status: 0, message, reason: unavailable }
}
