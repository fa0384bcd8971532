/**
 * What goes wrong, in the form that OpenCode 2 judges by: an `APICallError` of the AI SDK, known by its brands, with a
 * status. Its header `x-should-retry` overrides every class that the host makes of status and words; without it, the
 * host repeats whatever it does not know up to ten times.
 */
import { ChatRequestError } from "../openai/index.ts"
import { ownCommand } from "../settings/index.ts"
import type { Refusal } from "../gateway/index.ts"

/** Part of the host's error; nothing is ever sent there. */
const URL_OF_ERRORS = "https://kiro.invalid/v1"

/** A refusal before any output, or one behind it that ends the turn. */
export function refusalError(
  refusal: Refusal,
  isRepeated: boolean = isRepeatedStatus(refusal.status),
): Error {
  const { retryAfterMs, overflow } = refusal
  const status = isRepeated || !isRepeatedStatus(refusal.status) ? refusal.status : 400
  const message = overflow === true ? refusal.message : unmistakable(refusal.message, isRepeated)
  return Object.assign(new Error(message), {
    name: "AI_APICallError",
    [Symbol.for("vercel.ai.error")]: true,
    [Symbol.for("vercel.ai.error.AI_APICallError")]: true,
    url: URL_OF_ERRORS,
    requestBodyValues: {},
    statusCode: status,
    isRetryable: isRepeated,
    responseHeaders: {
      "x-should-retry": String(isRepeated),
      ...(isRepeated && retryAfterMs !== undefined && { "retry-after-ms": String(Math.ceil(retryAfterMs)) }),
    },
    responseBody: JSON.stringify({
      error: { message, ...(overflow === true && { code: "context_length_exceeded" }) },
    }),
  })
}

/**
 * The connection broke behind the commit point, and the host may go on from what it has: it does so on the read error
 * of a transport only, which it knows by this code on an error without brands.
 */
export function cutError({ message }: Refusal): Error {
  return Object.assign(new Error(message), { code: "ECONNRESET" })
}

/** A prompt that is none, or a fault of our own: neither gets better by repeating. */
export function faultError(error: unknown): Error {
  const what = error instanceof Error ? error.message : String(error)
  const message =
    error instanceof ChatRequestError
      ? `Kiro: this is no valid chat request: ${what}.`
      : `Kiro: the plugin itself failed (${what}). Run \`${ownCommand()} doctor --report\` and report it, please.`
  return refusalError({ status: 400, message })
}

function isRepeatedStatus(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500
}

/** Words by which the host takes an error for an overflow, and compacts. */
const OVERFLOW: readonly RegExp[] = [
  /prompt is too long|prompt too long; exceeded|request[_ ]too[_ ]large|request entity too large|payload too large/gi,
  /input is too long for requested model|maximum prompt length is \d+|reduce the length of the messages/gi,
  /exceeds the context window|exceeds the available context size|context window exceeds limit/gi,
  /exceeds (?:the )?(?:model'?s )?maximum context length|maximum context length is \d+/gi,
  /input token count.*exceeds the maximum|tokens in request more than max tokens allowed/gi,
  /exceeds (?:the )?maximum allowed input length|greater than the context length/gi,
  /input \(\d+ tokens\) is longer than|input length.*exceeds.*context length/gi,
  /exceeds the limit of \d+|exceeded model token limit|token limit exceeded|too many tokens/gi,
  /context[_ ]length[_ ]exceeded|context length is only \d+|too large for model with \d+/gi,
  /prompt has [\d,]+ tokens?|model_context_window_exceeded|\(no body\)/gi,
]

/** Words that make another class of a throttle, for which the host does not wait the time that it was told. */
const NO_THROTTLE: readonly RegExp[] = [
  /content[-_\s]?policy|content_filter|safety/gi,
  /insufficient[-_\s]?quota|quota[-_\s]?exceeded|usage limit|limit exhausted|budget exceeded/gi,
]

/** Only the overflow may look like one; most texts quote the service, which may say anything. */
function unmistakable(message: string, isRepeated: boolean): string {
  const patterns = isRepeated ? [...OVERFLOW, ...NO_THROTTLE] : OVERFLOW
  return patterns.reduce((text, pattern) => text.replace(pattern, "…"), message)
}
