import type { Turn, UserPart } from "./conversation.ts"
import { cutText } from "./cut-text.ts"
import { charactersOf, tokensOf } from "./estimate-tokens.ts"

/** However small the target: a message that is cut keeps this many characters. */
const MIN_CHARACTERS = 2_000

/**
 * Cuts the one text that is more than half of the whole, a message of collected text (compaction) or a huge result,
 * by `excess` tokens. Where there is no such text, nothing is cut.
 */
export function cutBulk(turns: readonly Turn[], wholeTokens: number, excess: number): readonly Turn[] {
  if (excess <= 0) return turns
  const longest = turns.flatMap(textLengths).reduce((most, length) => Math.max(most, length), 0)
  if (tokensOf(longest) * 2 <= wholeTokens) return turns
  const length = Math.max(MIN_CHARACTERS, longest - charactersOf(excess + 1))
  return turns.map((turn) => cutTurn(turn, longest, length))
}

function textLengths(turn: Turn): number[] {
  if (turn.role === "assistant") return []
  const texts = turn.parts.map((part) => (part.type === "text" ? part.text.length : 0))
  return [...texts, ...turn.results.map(({ text }) => text.length)]
}

function cutTurn(turn: Turn, longest: number, length: number): Turn {
  if (turn.role === "assistant" || !textLengths(turn).includes(longest)) return turn
  const cut = (text: string): string => (text.length === longest ? cutText(text, length) : text)
  const parts = turn.parts.map((part): UserPart =>
    part.type === "text" ? { ...part, text: cut(part.text) } : part,
  )
  return { ...turn, parts, results: turn.results.map((result) => ({ ...result, text: cut(result.text) })) }
}
