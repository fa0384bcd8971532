/**
 * How OpenCode 1.18 judges an error it gets, read from its release: a text or body that matches RETRYABLE is asked
 * again whatever its status, one that matches OVERFLOW starts a compaction.
 */
const RETRYABLE: readonly RegExp[] = [
  /429|500|502|503|504|524/,
  /rate increased too quickly|rate limit|rate-limit|rate_limit|too many requests/,
  /overloaded|service unavailable|service_unavailable|service-unavailable/,
  /internal error|internal_error|internal server error|server error|server_error|server-error/,
  /provider returned error|provider_returned_error|provider-returned-error/,
  /terminated|fetch failed|failed to fetch|network[-_\s]error|upstream connect|connection error/,
  /connection refused|connection lost|socket connection was closed|socket hang up|reset before headers/,
  /getaddrinfo|enotfound|eai_again|econnrefused|econnreset|etimedout/,
  /^timeout$|\b(?:request|response|connection|network|stream|read) (?:timeout|timed out|time out)\b/,
  /try your request again|retry your request|resource exhausted|resource_exhausted/,
  /\btry again (?:later|in\b)|\b(?:currently|temporarily) at capacity\b/,
]

const OVERFLOW: readonly RegExp[] = [
  /prompt is too long|prompt too long; exceeded|request_too_large|request entity too large/,
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

/** A text that the host takes for nothing but a text: what would be misread is broken up or left out. */
export function harmless(text: string): string {
  return without(without(text, RETRYABLE), OVERFLOW)
}

/** For an error that the host is to retry: it may say why, but not look like an overflow. */
export function withoutOverflow(text: string): string {
  return without(text, OVERFLOW)
}

function without(text: string, patterns: readonly RegExp[]): string {
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
