import { isBlank, textPart } from "./conversation.ts"
import type { AssistantTurn, Conversation, Turn, UserTurn } from "./conversation.ts"

/**
 * A request without tools (title, compaction) may not hold uses or results. What they say becomes text: a call is its
 * name and its arguments, a result is itself.
 */
export function flattenTools(conversation: Conversation): Conversation {
  if (conversation.tools.length > 0) return conversation
  return { ...conversation, turns: conversation.turns.map(flatten) }
}

function flatten(turn: Turn): Turn {
  return turn.role === "user" ? flattenResults(turn) : flattenUses(turn)
}

function flattenResults(turn: UserTurn): UserTurn {
  if (turn.results.length === 0) return turn
  return {
    role: "user",
    parts: [...turn.results.map(({ text }) => textPart(text)), ...turn.parts],
    results: [],
  }
}

/** Without its use, reasoning can't be given back either. */
function flattenUses(turn: AssistantTurn): AssistantTurn {
  const calls = turn.uses.map(
    ({ name, argumentsText }) => `${name} ${isBlank(argumentsText) ? "{}" : argumentsText}`,
  )
  return { role: "assistant", texts: [...turn.texts, ...calls], uses: [] }
}
