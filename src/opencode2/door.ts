import type { ChatChunk, ChatHead, ChatRequest } from "../openai/index.ts"

/** The gateway as this room needs it: one chat in, batches of chunks or a refusal out. */

export type Purpose = "main" | "title" | "compaction" | "generate"

export interface ChatCall {
  readonly request: ChatRequest
  readonly sessionId: string
  readonly purpose: Purpose
  readonly agent?: string
  readonly signal: AbortSignal
}

export interface Refusal {
  readonly status: number
  readonly message: string
  readonly retryAfterMs?: number
  readonly overflow?: true
}

export interface AnswerBatch {
  readonly chunks: readonly ChatChunk[]
  readonly end?:
    | { readonly outcome: "finished" }
    | { readonly outcome: "failed"; readonly refusal: Refusal; readonly isRetryable: boolean }
}

export interface ChatAnswer {
  readonly head: ChatHead
  readonly batches: AsyncIterable<AnswerBatch>
}

export type ChatOutcome =
  | { readonly outcome: "answer"; readonly answer: ChatAnswer }
  | { readonly outcome: "refusal"; readonly refusal: Refusal }

export interface Door {
  /** Rejects only with the reason of the call's signal. */
  chat(call: ChatCall): Promise<ChatOutcome>
}
