import type { ChatMessage } from "../../openai/index.ts"
import type { Turn, UserTurn } from "./conversation.ts"

/** OpenCode 1.18 sends what a tool returned beside its text in a user message that begins so. */
const ATTACHED_MEDIA = "Attached media from tool result:"

/** OpenCode 2 wraps changed instructions so and sends them in the user's name, within an open tool loop too. */
const SYSTEM_UPDATE = /^\s*<system-update>[^]*<\/system-update>\s*$/

/** A message in the user's own words: it closes the tool loop before it. */
export function isSpokenMessage(message: ChatMessage): boolean {
  if (message.role !== "user") return false
  const texts = message.content.flatMap((part) => (part.type === "text" ? [part.text] : []))
  return texts.length === 0 ? true : !isOfTheHost(texts)
}

/** A turn in the user's own words: it begins an exchange. Any other user turn is a step of a tool loop. */
export function isSpoken(turn: Turn): turn is UserTurn {
  if (turn.role === "assistant") return false
  const texts = turn.parts.flatMap((part) => (part.type === "text" ? [part.text] : []))
  return turn.results.length === 0 || !isOfTheHost(texts)
}

function isOfTheHost(texts: readonly string[]): boolean {
  return texts.every((text) => text === ATTACHED_MEDIA || SYSTEM_UPDATE.test(text))
}
