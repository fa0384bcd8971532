import { present } from "../json.ts"

export interface ApiCallFailure {
  readonly message: string
  readonly statusCode: number
  readonly isRetryable: boolean
  readonly retryAfterMs?: number
  /** Where the host asked: it is part of the host's own error. */
  readonly url: string
}

/**
 * The host's own error class, by its brands: thrown from `fetch` or put into a body stream, it sets message, wait and
 * whether the turn is repeated. Source: `@ai-sdk/provider` (`APICallError.isInstance` looks at these symbols only) and
 * OpenCode 1.18, which retries on `isRetryable` and waits `retry-after-ms`.
 */
export function apiCallError(failure: ApiCallFailure): Error {
  const { message, statusCode, isRetryable, retryAfterMs, url } = failure
  const wait = waitHeader(retryAfterMs)
  return Object.assign(new Error(message), {
    name: "AI_APICallError",
    [Symbol.for("vercel.ai.error")]: true,
    [Symbol.for("vercel.ai.error.AI_APICallError")]: true,
    url,
    requestBodyValues: {},
    statusCode,
    isRetryable,
    responseHeaders: wait,
    responseBody: JSON.stringify({ error: { message } }),
  })
}

export interface ErrorAnswer {
  readonly status: number
  /** What the host shows, word for word. */
  readonly message: string
  readonly code?: string
  readonly type?: string
  readonly retryAfterMs?: number
}

/** Status, headers and body of an error in the shape of Chat Completions. */
export function errorResponse({ status, message, code, type, retryAfterMs }: ErrorAnswer): {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
} {
  const error = { message, ...present({ type, code }) }
  return {
    status,
    headers: { "content-type": "application/json", ...waitHeader(retryAfterMs) },
    body: JSON.stringify({ error }),
  }
}

/** OpenCode reads it before `retry-after`. */
function waitHeader(retryAfterMs: number | undefined): { readonly [name: string]: string } {
  return retryAfterMs === undefined ? {} : { "retry-after-ms": String(Math.ceil(retryAfterMs)) }
}
