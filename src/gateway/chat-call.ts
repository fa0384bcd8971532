import type { ChatChunk, ChatHead, ChatRequest } from "../openai/index.ts"
import type { AfterFailure } from "../translate/index.ts"

/**
 * What a request is for. A subagent is a session of its own, with purpose `main`. `generate` is a question beside the
 * conversation: it takes the session's account and its cached beginning and leaves nothing in the session's memory.
 */
export type Purpose = "main" | "title" | "compaction" | "generate"

/** One chat of a host. */
export interface ChatCall {
  /** `stream: false` asks for the whole before the first batch, so that failures on the way can be recovered from. */
  readonly request: ChatRequest
  /** As the host names it. */
  readonly sessionId: string
  /** The session that a subagent works for. */
  readonly parentSessionId?: string
  readonly purpose: Purpose
  readonly agent?: string
  /** The account that the host's user has chosen for new conversations. */
  readonly preferredAccountId?: string | undefined
  readonly signal: AbortSignal
}

export type ChatOutcome = AnsweredChat | RefusedChat

export interface AnsweredChat {
  readonly outcome: "answer"
  readonly answer: ChatAnswer
}

export interface RefusedChat {
  readonly outcome: "refusal"
  readonly refusal: Refusal
}

/** What the host gets instead of an answer, as a value. A host repeats 429 and 5xx, and nothing else of ours. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly retryAfterMs?: number
  /** The host compacts the conversation and goes on. */
  readonly overflow?: true
}

/** An answer behind its commit point. It is read once; `return()` of its iterator closes the service's connection. */
export interface ChatAnswer {
  readonly head: ChatHead
  /** Asked of the service only as fast as they are read. Reading rejects only with the reason of the call's signal. */
  readonly batches: AsyncIterable<AnswerBatch>
}

/** Some chunks of an answer, and behind them its end if that was reached: no batch follows it. */
export interface AnswerBatch {
  readonly chunks: readonly ChatChunk[]
  readonly end?: AnswerEnd
}

export type AnswerEnd =
  | { readonly outcome: "finished" }
  | { readonly outcome: "failed"; readonly refusal: Refusal; readonly afterwards: AfterFailure }
