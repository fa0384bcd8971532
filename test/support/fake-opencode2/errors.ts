import { APICallError } from "@ai-sdk/provider"
import { asObject, parseJson } from "../../../src/json.ts"

/** How OpenCode 2 judges an error of a model, after `core/aisdk.ts`, `ai/provider-error.ts` and `runner/retry.ts`. */

type FailureClass =
  | "RateLimit"
  | "ProviderInternal"
  | "Transport"
  | "InvalidProviderOutput"
  | "UnknownProvider"
  | "Authentication"
  | "QuotaExceeded"
  | "ContentPolicy"
  | "InvalidRequest"

export interface HostFailure {
  readonly class: FailureClass
  readonly message: string
  readonly classification?: "context-overflow" | "payload-too-large" | "incomplete-stream"
  /** Of a transport: `read` behind the begin of the answer. */
  readonly operation?: "request" | "read"
  readonly status?: number
  readonly retryAfterMs?: number
  readonly shouldRetry?: string
  readonly cause?: unknown
}

const OVERFLOW: readonly RegExp[] = [
  /prompt is too long/i,
  /request_too_large/i,
  /input is too long for requested model/i,
  /exceeds the context window/i,
  /exceeds (?:the )?(?:model'?s )?maximum context length(?: of [\d,]+ tokens?|\s*\([\d,]+\))/i,
  /input token count.*exceeds the maximum/i,
  /tokens in request more than max tokens allowed/i,
  /maximum prompt length is \d+/i,
  /reduce the length of the messages/i,
  /maximum context length is \d+ tokens/i,
  /exceeds (?:the )?maximum allowed input length of [\d,]+ tokens?/i,
  /input \(\d+ tokens\) is longer than the model'?s context length \(\d+ tokens\)/i,
  /exceeds the limit of \d+/i,
  /exceeds the available context size/i,
  /greater than the context length/i,
  /context window exceeds limit/i,
  /exceeded model token limit/i,
  /context[_ ]length[_ ]exceeded/i,
  /context length is only \d+ tokens/i,
  /input length.*exceeds.*context length/i,
  /prompt too long; exceeded (?:max )?context length/i,
  /too large for model with \d+ maximum context length/i,
  /prompt has [\d,]+ tokens?, but the configured context size is [\d,]+ tokens?/i,
  /model_context_window_exceeded/i,
  /too many tokens/i,
  /token limit exceeded/i,
  /^4(00|13)\s*(status code)?\s*\(no body\)/i,
]
const NO_OVERFLOW = [/^(throttling error|service unavailable):/i, /rate limit/i, /too many requests/i]
const PAYLOAD = [/request entity too large/i, /payload too large/i, /request too large/i]
const POLICY = /content[-_\s]?policy|content_filter|safety/i
const QUOTA = /insufficient[-_\s]?quota|quota[-_\s]?exceeded|usage limit|limit exhausted|budget exceeded/i
const RATE = /rate increased too quickly|rate[-_\s]?limit|too[_\s]?many[_\s]?requests/i
const SERVER = /overloaded|internal[-_\s]?server[-_\s]?error|service[-_\s]?unavailable/i
const NETWORK_CODES = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ETIMEDOUT",
  "EPIPE",
  "ConnectionRefused",
  "ConnectionClosed",
  "FailedToOpenSocket",
])
const NETWORK_MESSAGES = new Set(["fetch failed", "failed to fetch", "terminated", "other side closed"])

/** An error of `doStream`, of the stream, or of an error part. */
export function judgeError(error: unknown, operation: "request" | "read"): HostFailure {
  if (APICallError.isInstance(error)) return judgeCall(error)
  const network = networkFailure(error)
  const message = error instanceof Error && error.message.trim() !== "" ? error.message : String(error)
  if (network) return { class: "Transport", message, operation, cause: error }
  return { class: "UnknownProvider", message, cause: error }
}

function judgeCall(error: APICallError): HostFailure {
  const { message, statusCode: status, responseHeaders = {}, responseBody: body = "" } = error
  const headers = Object.fromEntries(
    Object.entries(responseHeaders).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const text = body || message
  const codes = [...codesIn(body), ...codesIn(message)].map((code) => code.toLowerCase())
  const shouldRetry = headers["x-should-retry"]
  const common = {
    message,
    cause: error,
    ...(status !== undefined && { status }),
    ...(shouldRetry !== undefined && { shouldRetry }),
  }
  const isClient = status !== undefined && status >= 400 && status < 500
  const overflows =
    codes.includes("context_length_exceeded") ||
    codes.includes("model_context_window_exceeded") ||
    (!NO_OVERFLOW.some((pattern) => pattern.test(text)) && OVERFLOW.some((pattern) => pattern.test(text)))
  if ((status === undefined || isClient) && overflows)
    return { ...common, class: "InvalidRequest", classification: "context-overflow" }
  if (status === 413 || PAYLOAD.some((pattern) => pattern.test(text)))
    return { ...common, class: "InvalidRequest", classification: "payload-too-large" }
  if (POLICY.test(text)) return { ...common, class: "ContentPolicy" }
  if (status === 402 || codes.includes("insufficient_quota") || (status === 429 && QUOTA.test(text)))
    return { ...common, class: "QuotaExceeded" }
  if (status === 401 || status === 403) return { ...common, class: "Authentication" }
  const wait = Number(headers["retry-after-ms"] ?? Number(headers["retry-after"]) * 1000)
  const timed = { ...common, ...(Number.isFinite(wait) && { retryAfterMs: wait }) }
  if (status === 429 || RATE.test(text)) return { ...timed, class: "RateLimit" }
  if (
    status === 408 ||
    status === 409 ||
    (status !== undefined && status >= 500) ||
    (!isClient && SERVER.test(text))
  )
    return { ...timed, class: "ProviderInternal" }
  return { ...common, class: isClient ? "InvalidRequest" : "UnknownProvider" }
}

function codesIn(text: string): string[] {
  const document = asObject(parseJson(text))
  const error = asObject(document["error"])
  return [document["code"], error["code"], error["type"]].filter((code) => typeof code === "string")
}

function networkFailure(error: unknown, depth = 0): boolean {
  if (depth > 4 || !(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return (
    networkFailure(error.cause, depth + 1) ||
    (typeof code === "string" && (NETWORK_CODES.has(code) || code.startsWith("UND_ERR"))) ||
    NETWORK_MESSAGES.has(error.message.trim().toLowerCase())
  )
}

export function isRetryable(failure: HostFailure): boolean {
  if (failure.shouldRetry === "true") return true
  if (failure.shouldRetry === "false") return false
  switch (failure.class) {
    case "RateLimit":
    case "ProviderInternal":
    case "Transport":
    case "UnknownProvider":
      return true
    case "InvalidProviderOutput":
      return failure.classification === "incomplete-stream"
    default:
      return false
  }
}

export function mayContinue(failure: HostFailure): boolean {
  return (
    (failure.class === "Transport" && failure.operation === "read") ||
    failure.classification === "incomplete-stream"
  )
}

const MOST_REPEATS = 10
const LONGEST_WAIT_MS = 15 * 60_000

/** How long the host waits before its `repeat`-th repeat, counted from 1; `undefined`: it gives up. */
export function retryDelay(failure: HostFailure, repeat: number): number | undefined {
  if (repeat > MOST_REPEATS || !isRetryable(failure)) return undefined
  const delay = Math.min(10_000, 1000 * 2 ** repeat)
  const isTimed = failure.class === "RateLimit" || failure.class === "ProviderInternal"
  const asked = isTimed ? Math.min(failure.retryAfterMs ?? 0, LONGEST_WAIT_MS) : 0
  return Math.max(delay, asked)
}
