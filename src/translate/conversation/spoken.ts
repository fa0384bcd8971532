import type { Turn, UserTurn } from "./conversation.ts"

/** OpenCode 1.18 sends what a tool returned beside its text in a user message that begins so. */
export const ATTACHED_MEDIA = "Attached media from tool result:"

/** A turn in the user's own words: it begins an exchange. Any other user turn is a step of a tool loop. */
export function isSpoken(turn: Turn): turn is UserTurn {
  if (turn.role === "assistant") return false
  const texts = turn.parts.flatMap((part) => (part.type === "text" ? [part.text] : []))
  return turn.results.length === 0 || texts.some((text) => text !== ATTACHED_MEDIA)
}
