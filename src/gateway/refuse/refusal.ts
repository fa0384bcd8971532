import type { KiroFailure } from "../../kiro/index.ts"
import { failed, statusOf } from "./failure-answers.ts"

/** What the host gets instead of an answer, as a value. A host repeats 429 and 5xx, and nothing else of ours. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly retryAfterMs?: number
  /** The host compacts the conversation and goes on. */
  readonly overflow?: true
}

/** A failure that nothing more can be done about in this fetch. */
export function refusalOf(asked: {
  readonly failure: KiroFailure
  readonly account: string
  readonly model: string
  readonly retryAfterMs?: number | undefined
}): Refusal {
  const { failure, account, model, retryAfterMs } = asked
  const status = statusOf(failure)
  return {
    status,
    message: failed(failure, account, model),
    ...(retryAfterMs !== undefined && isRetried(status) && { retryAfterMs }),
  }
}

function isRetried(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}
