import { textOf, textPart } from "./conversation.ts"
import type { Conversation, Turn, UserTurn } from "./conversation.ts"
import { cutText } from "./cut-text.ts"

/** The limits of one message were found with windows of this size, in tokens; for larger ones none is known. */
const SMALL_WINDOW = 200_000
/** The hard limit of a message that the official client states, in characters. */
const MAX_USER_CHARACTERS = 600_000
/** Of 800 000, less what JSON's escapes add. */
const MAX_RESULT_CHARACTERS = 700_000
/** What the user's own words keep where the system prompt alone fills the first message. */
const MIN_USER_CHARACTERS = 10_000

/**
 * Cuts what no request to this model may hold, head and tail kept, marked. The system prompt counts in the first
 * message.
 */
export function limitSizes(conversation: Conversation, serviceWindow: number): Conversation {
  if (serviceWindow > SMALL_WINDOW) return conversation
  const first = Math.max(MIN_USER_CHARACTERS, MAX_USER_CHARACTERS - conversation.system.length)
  const turns = conversation.turns.map((turn, index) =>
    limit(turn, index === 0 ? first : MAX_USER_CHARACTERS),
  )
  return { ...conversation, turns }
}

function limit(turn: Turn, maxCharacters: number): Turn {
  if (turn.role === "assistant") return turn
  const results = turn.results.some(({ text }) => text.length > MAX_RESULT_CHARACTERS)
    ? turn.results.map((result) => ({ ...result, text: cutText(result.text, MAX_RESULT_CHARACTERS) }))
    : turn.results
  return { ...limitText(turn, maxCharacters), results }
}

function limitText(turn: UserTurn, maxCharacters: number): UserTurn {
  const characters = turn.parts.reduce(
    (sum, part) => sum + (part.type === "text" ? part.text.length + 2 : 0),
    0,
  )
  if (characters <= maxCharacters) return turn
  const text = textPart(cutText(textOf(turn.parts), maxCharacters - 2))
  return { ...turn, parts: [text, ...turn.parts.filter((part) => part.type !== "text")] }
}
