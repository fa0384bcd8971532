import type { KiroFailure } from "../../kiro/index.ts"
import { apiCallError, errorResponse } from "../../openai/index.ts"
import { failed, statusOf } from "./failure-answers.ts"
import { harmless, withoutOverflow } from "./host-patterns.ts"

/** What the host gets instead of an answer, as a value. OpenCode 1.18 repeats 429 and 5xx, and nothing else of ours. */
export interface Refusal {
  readonly status: number
  readonly message: string
  readonly retryAfterMs?: number
  /** OpenCode compacts the conversation and goes on. */
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

/** The HTTP form. A fatal text can't be mistaken for one to repeat, nor any but the overflow for an overflow. */
export function toResponse(refusal: Refusal): Response {
  const { body, status, headers } = errorResponse({
    ...refusal,
    message: guarded(refusal),
    type: "kiro_error",
    ...(refusal.overflow === true && { code: "context_length_exceeded" }),
  })
  return new Response(body, { status, headers })
}

/** The form of a failure behind the commit point: the host's own error. It looks at nothing else than this. */
export function toStreamError(
  refusal: Refusal,
  { isRetryable, url }: { readonly isRetryable: boolean; readonly url: string },
): Error {
  // OpenCode repeats whatever has a status from 500 on.
  const status = isRetryable || !isRetried(refusal.status) ? refusal.status : 400
  return apiCallError({
    message: guarded({ ...refusal, status }),
    statusCode: status,
    isRetryable,
    ...(refusal.retryAfterMs !== undefined && { retryAfterMs: refusal.retryAfterMs }),
    url,
  })
}

function guarded({ status, message, overflow }: Refusal): string {
  if (overflow === true) return message
  return isRetried(status) ? withoutOverflow(message) : harmless(message)
}

function isRetried(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}
