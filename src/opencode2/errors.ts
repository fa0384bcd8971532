/**
 * What goes wrong, in the form that OpenCode 2 judges by: an `APICallError` of the AI SDK, known by its brands, with a
 * status. Its header `x-should-retry` overrides every class that the host makes of status and words; without it, the
 * host repeats whatever it does not know up to ten times.
 */
import { present } from "../json.ts"
import { apiCallError, isRepeatedStatus, OVERFLOW_WORDS, toldStatus, withoutWords } from "../openai/index.ts"
import type { Refusal } from "../gateway/index.ts"

/** Part of the host's error; nothing is ever sent there. */
const URL_OF_ERRORS = "https://kiro.invalid/v1"

/** A refusal before any output, or one behind it that ends the turn. */
export function refusalError(
  refusal: Refusal,
  isRepeated: boolean = isRepeatedStatus(refusal.status),
): Error {
  const { retryAfterMs, overflow } = refusal
  const message = overflow === true ? refusal.message : unmistakable(refusal.message, isRepeated)
  return apiCallError({
    message,
    statusCode: toldStatus(refusal.status, isRepeated),
    isRetryable: isRepeated,
    headers: { "x-should-retry": String(isRepeated) },
    url: URL_OF_ERRORS,
    ...present({ retryAfterMs: isRepeated ? retryAfterMs : undefined, overflow }),
  })
}

/**
 * The connection broke behind the commit point, and the host may go on from what it has: it does so on the read error
 * of a transport only, which it knows by this code on an error without brands.
 */
export function cutError({ message }: Refusal): Error {
  return Object.assign(new Error(message), { code: "ECONNRESET" })
}

/** Words that make another class of a throttle, for which the host does not wait the time that it was told. */
const NO_THROTTLE: readonly RegExp[] = [
  /content[-_\s]?policy|content_filter|safety/,
  /insufficient[-_\s]?quota|quota[-_\s]?exceeded|usage limit|limit exhausted|budget exceeded/,
]

/** Only the overflow may look like one; most texts quote the service, which may say anything. */
function unmistakable(message: string, isRepeated: boolean): string {
  return withoutWords(message, isRepeated ? [...OVERFLOW_WORDS, ...NO_THROTTLE] : OVERFLOW_WORDS)
}
