import {
  currentOf,
  toolResultsOf,
  toolUsesOf,
  turnsOf,
  type ChatRequestBody,
  type Turn,
} from "./conversation.ts"
import { toolsOf } from "./tools.ts"
import { refuse, type Refusal, type Rule } from "./rule.ts"

const CHARACTERS_PER_TOKEN = 4
const TOKENS_PER_IMAGE = 1_600
/** The limits of one message were found with windows of this size; for larger windows none is known. */
const SMALL_WINDOW = 200_000
const LONGEST_USER_MESSAGE = 600_000
const LONGEST_TOOL_RESULT = 800_000

const tooLong: Refusal = refuse("Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD")

/** The whole prompt fits the model's window, and no single message is over its own limit. */
export const checkSize: Rule = (body, { models }) => {
  const window = models.find(({ modelId }) => modelId === currentOf(body).modelId)?.maxInputTokens
  if (window === undefined) return undefined
  if (promptTokens(body) > window) return tooLong
  return window <= SMALL_WINDOW && turnsOf(body).some(isOversized) ? tooLong : undefined
}

/**
 * Four characters are a token, as the official client counts, but one of Chinese, Japanese or Korean is one by itself;
 * media have a price of their own.
 */
export function promptTokens(body: ChatRequestBody): number {
  const turns = turnsOf(body)
  const tokens = turns.reduce((sum, turn) => sum + turnTokens(turn), toolTokens(body))
  const images = turns.reduce(
    (sum, turn) => sum + (turn.role === "user" ? (turn.message.images?.length ?? 0) : 0),
    0,
  )
  return Math.ceil(tokens) + images * TOKENS_PER_IMAGE
}

export function toolTokens(body: ChatRequestBody): number {
  return textTokens(JSON.stringify(toolsOf(body)))
}

export function turnTokens(turn: Turn): number {
  const uses = toolUsesOf(turn).map(
    ({ name, input }) => textTokens(name ?? "") + textTokens(JSON.stringify(input ?? {})),
  )
  const results = toolResultsOf(turn).map(({ content }) => textTokens(JSON.stringify(content ?? [])))
  return [...uses, ...results].reduce((sum, tokens) => sum + tokens, textTokens(turn.message.content ?? ""))
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu

function textTokens(text: string): number {
  const rest = text.replaceAll(WIDE, "").length
  const wide = text.length - rest
  return wide + rest / CHARACTERS_PER_TOKEN
}

function isOversized(turn: Turn): boolean {
  if (turn.role === "assistant") return false
  if ((turn.message.content ?? "").length > LONGEST_USER_MESSAGE) return true
  return toolResultsOf(turn).some(({ content }) => JSON.stringify(content ?? []).length > LONGEST_TOOL_RESULT)
}
