import { isBlank } from "./conversation.ts"
import type { Turn, TurnUse, UserTurn } from "./conversation.ts"
import { isValidId } from "./use-ids.ts"

/** True where pairing would change nothing, which is so for nearly every conversation: it is dear, this is not. */
export function arePaired(turns: readonly Turn[]): boolean {
  const ids = turns.flatMap((turn) => (turn.role === "assistant" ? turn.uses.map(({ id }) => id) : []))
  if (new Set(ids).size < ids.length || !ids.every(isValidId)) return false
  return turns.every((turn, index) =>
    turn.role === "user"
      ? answers(turn, usesOf(turns[index - 1]))
      : turn.uses.length === 0 || turns[index + 1]?.role === "user",
  )
}

function usesOf(turn: Turn | undefined): readonly TurnUse[] {
  return turn?.role === "assistant" ? turn.uses : []
}

function answers({ results }: UserTurn, uses: readonly TurnUse[]): boolean {
  return (
    results.length === uses.length &&
    results.every(({ id, text }, index) => id === uses[index]?.id && !isBlank(text))
  )
}
