import { present } from "../json.ts"

export interface ApiCallFailure {
  readonly message: string
  readonly statusCode: number
  readonly isRetryable: boolean
  readonly retryAfterMs?: number
  readonly overflow?: true
  /** Besides the wait. */
  readonly headers?: { readonly [name: string]: string }
  /** Where the host asked: it is part of the host's own error. */
  readonly url: string
}

/**
 * The host's own error class, by its brands: thrown from `fetch` or put into a body stream, it sets message, wait and
 * whether the turn is repeated. Source: `@ai-sdk/provider` (`APICallError.isInstance` looks at these symbols only) and
 * OpenCode 1.18, which retries on `isRetryable` and waits `retry-after-ms`.
 */
export function apiCallError(failure: ApiCallFailure): Error {
  const { message, statusCode, isRetryable, retryAfterMs, overflow, headers, url } = failure
  return Object.assign(new Error(message), {
    name: "AI_APICallError",
    [Symbol.for("vercel.ai.error")]: true,
    [Symbol.for("vercel.ai.error.AI_APICallError")]: true,
    url,
    requestBodyValues: {},
    statusCode,
    isRetryable,
    responseHeaders: { ...headers, ...waitHeader(retryAfterMs) },
    responseBody: JSON.stringify({ error: { message, ...codeOf(overflow) } }),
  })
}

export interface ErrorAnswer {
  readonly status: number
  /** What the host shows, word for word. */
  readonly message: string
  readonly type?: string
  readonly retryAfterMs?: number
  readonly overflow?: true
}

/** By this code either host knows that the conversation has to be compacted. */
function codeOf(overflow: true | undefined): { readonly code?: string } {
  return overflow === true ? { code: "context_length_exceeded" } : {}
}

/** Status, headers and body of an error in the shape of Chat Completions. */
export function errorResponse({ status, message, overflow, type, retryAfterMs }: ErrorAnswer): {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
} {
  const error = { message, ...present({ type }), ...codeOf(overflow) }
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

/** What both hosts ask again after. */
export function isRepeatedStatus(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}

/** The status to tell of it: one that the hosts ask again after by themselves only where they may. */
export function toldStatus(status: number, isRetryable: boolean): number {
  return isRetryable || !isRepeatedStatus(status) ? status : 400
}

/** Words by which either host takes an error for an overflow of the context, and compacts. */
export const OVERFLOW_WORDS: readonly RegExp[] = [
  /prompt is too long|prompt too long; exceeded|request[_ ]too[_ ]large|request entity too large|payload too large/,
  /input is too long for requested model|maximum prompt length is \d+|reduce the length of the messages/,
  /exceeds the context window|exceeds the available context size|context window exceeds limit/,
  /exceeds (?:the )?(?:model'?s )?maximum context length|maximum context length is \d+/,
  /input token count.*exceeds the maximum|tokens in request more than max tokens allowed/,
  /exceeds (?:the )?maximum allowed input length|greater than the context length/,
  /input \(\d+ tokens\) is longer than|input length.*exceeds.*context length/,
  /exceeds the limit of \d+|limit of \d+|exceeded model token limit|token limit exceeded|too many tokens/,
  /context[_ ]length[_ ]exceeded|context length is only \d+|too large for model with \d+/,
  /prompt has [\d,]+ tokens?|model_context_window_exceeded|\(no body\)/,
]

/** What would be misread is broken up or left out. */
export function withoutWords(text: string, patterns: readonly RegExp[]): string {
  let result = text
  for (const pattern of patterns) {
    const every = new RegExp(pattern.source, "gi")
    // Breaking one match up can't make another of digits; leaving words out might bring two together.
    for (let round = 0; round < 8 && pattern.test(result.toLowerCase()); round++)
      result = result.replace(every, brokenUp)
  }
  return result
}

/** Digits stay readable (`4 29`), words give way. */
function brokenUp(match: string): string {
  return /^\d+$/.test(match) ? `${match.slice(0, 1)} ${match.slice(1)}` : "…"
}
