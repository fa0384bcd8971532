import { type Account, accountName, type Credential, type NoToken } from "../../accounts/index.ts"
import {
  buildChatRequest,
  type KiroFailure,
  type KiroHost,
  type KiroModel,
  resolveModel,
} from "../../kiro/index.ts"
import { createChunkTranslator } from "../../translate/index.ts"
import type { Attempt } from "./attempt.ts"
import type { Chat } from "../chat.ts"
import type { GatewayContext } from "../dependencies.ts"
import { modelFor } from "../models.ts"
import { hostsOf } from "./place.ts"
import { prepare, type Prepared } from "./prepare.ts"
import { describeRequest } from "../request-log.ts"
import { send } from "./send.ts"
import { type CommittedAnswer, openAnswer } from "../stream/open-answer.ts"

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
  /** Without `sent` nothing left this computer for Kiro: the account had nothing to send with, or nowhere to. */
  | { readonly failure: KiroFailure; readonly sent?: SentWith }

export interface Trial {
  readonly chat: Chat
  readonly attempt: Attempt
  readonly account: Account
}

/** One attempt: token, place, body, HTTP, and the answer up to its commit point. Rejects only on the caller's abort. */
export async function tryOnce(context: GatewayContext, trial: Trial): Promise<Outcome> {
  const { chat, attempt, account } = trial
  const { rejected } = attempt
  const credential = await context.tokens.fresh({ account, rejected, signal: chat.signal })
  if ("unavailable" in credential) return { failure: withoutToken(credential) }
  const hosts = hostsOf(context, account, credential)
  if ("unsupported" in hosts) return { failure: nowhere(hosts.unsupported) }
  const [host = hosts[0], ...otherHosts] = hosts.filter(({ name }) => !attempt.hostsTried.includes(name))
  const model = modelFor(chat, attempt, account.id)
  const prepared = prepare({ chat, attempt, model, profileArn: credential.profileArn })
  const startedAt = context.runtime.clock.now()
  const sent: SentWith = { credential, host, otherHosts, model, prepared, startedAt }
  return { ...(await ask(context, trial, sent)), sent }
}

async function ask(
  { runtime, settings, version }: GatewayContext,
  { chat, attempt, account }: Trial,
  { credential, host, model, prepared, startedAt }: SentWith,
): Promise<{ readonly answer: CommittedAnswer } | { readonly failure: KiroFailure }> {
  const { invocationId, signal } = chat
  const request = buildChatRequest({
    ...credential,
    host,
    body: prepared.body,
    invocationId,
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
  if (settings.enableLogApiRequest)
    runtime.log.info("request to Kiro", {
      account: accountName(account),
      ...describeRequest(request, { body: prepared.body, prompts: settings.logPrompts }),
    })
  const firstContentMs = settings.requestTimeoutMs * patience(prepared, chat)
  const answered = await send({ runtime, request, signal, silenceMs: firstContentMs })
  if ("failure" in answered) return answered
  const opened = await openAnswer({
    response: answered.response,
    cancelUpstream: answered.cancel,
    signal,
    clock: runtime.clock,
    askedAt: startedAt,
    firstContentMs,
    silenceMs: settings.requestTimeoutMs,
    translator: createChunkTranslator({
      toolNames: prepared.conversation.toolNames,
      thinkingTags: prepared.plan.mode === "tags",
      serviceWindow: model.serviceWindow,
      hostWindow: offeredWindow(chat, model),
      estimatedPromptTokens: prepared.estimatedTokens,
      reportWholeWindow: wholeWindowPolicy(chat, attempt),
    }),
  })
  return opened.outcome === "answer" ? { answer: opened.answer } : { failure: opened.failure }
}

/**
 * OpenCode 1.18 compacts after a full window and asks again. Where that answer is full once more, compacting did not
 * help, and saying so would lead it round without end.
 */
function wholeWindowPolicy({ purpose, session }: Chat, { step }: Attempt): "when-full" | "always" | "never" {
  if (purpose !== "main") return "when-full"
  if (session.fullWindow === "compacted") return "never"
  return step === undefined ? "when-full" : "always"
}

/** What OpenCode may take the model's window for: an id of ours can promise more than the service has. */
function offeredWindow({ request }: Chat, model: KiroModel): number {
  return Math.max(model.contextWindow, resolveModel(request.model).contextWindow)
}

/** A model that was asked to think may stay silent for longer before its first word. */
function patience({ plan }: Prepared, { purpose }: Chat): number {
  return plan.mode === "native" && purpose !== "title" ? 2.5 : 1
}

/** A login that has ended is the account's fault; a token that could not be renewed just now is nobody's. */
function withoutToken({ unavailable: reason, message }: NoToken): KiroFailure {
  if (reason === "revoked" || reason === "no-login")
    return { kind: "bearer-rejected", status: 401, message, reason }
  // The sentence for it says all.
  if (reason === "disk-full") return { kind: "disk-full", status: 0, message: "" }
  return { kind: "token-unavailable", status: 0, message, reason }
}

function nowhere(region: string): KiroFailure {
  return { kind: "not-authorized", status: 0, message: `Kiro is not offered in ${region}.` }
}
