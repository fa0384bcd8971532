import { isBlank, textPart } from "./conversation.ts"
import type { Conversation, Turn, TurnResult, UserPart } from "./conversation.ts"
import { EMPTY_MESSAGE, INTERRUPTED_RESULT } from "./invented-words.ts"
import { arePaired } from "./are-paired.ts"
import { createOpenUses } from "./open-uses.ts"
import type { OpenUse } from "./open-uses.ts"

/**
 * Every use is answered exactly once, in the very next turn, in the order of the uses. A late result moves under
 * its use; one that repeats an earlier answer word by word is left out; one that differs, or has no use before it,
 * stays where it is as plain text; a use without a result gets the honest error result. A turn that is empty then is
 * left out. Expects merged turns.
 */
export function pairResults(conversation: Conversation): Conversation {
  if (arePaired(conversation.turns)) return conversation
  const openUses = createOpenUses()
  const uses = new Map<Turn, readonly OpenUse[]>()
  const parts = new Map<Turn, readonly UserPart[]>()
  for (const turn of conversation.turns) {
    if (turn.role === "assistant") uses.set(turn, openUses.add(turn.uses))
    else
      parts.set(turn, [
        ...strayTexts(turn.results.filter((result) => !openUses.answer(result))),
        ...turn.parts,
      ])
  }

  const turns: Turn[] = []
  let unanswered: readonly OpenUse[] = []
  const answerWith = (own: readonly UserPart[]): void => {
    if (own.length + unanswered.length > 0)
      turns.push({ role: "user", parts: own, results: unanswered.map(answerOf) })
    unanswered = []
  }
  for (const turn of conversation.turns) {
    if (turn.role === "user") {
      answerWith(parts.get(turn) ?? [])
      continue
    }
    if (unanswered.length > 0) answerWith([])
    unanswered = uses.get(turn) ?? []
    turns.push({ ...turn, uses: unanswered.map(({ use }) => use) })
  }
  if (unanswered.length > 0) answerWith([])
  return { ...conversation, turns }
}

function strayTexts(strays: readonly TurnResult[]): UserPart[] {
  return strays.flatMap(({ text }) => (isBlank(text) ? [] : [textPart(text)]))
}

/** Bedrock takes no blank text block, not even as what a tool returned. */
function answerOf({ use, answer }: OpenUse): TurnResult {
  if (answer === undefined) return { id: use.id, status: "error", text: INTERRUPTED_RESULT }
  return { ...answer, id: use.id, text: isBlank(answer.text) ? EMPTY_MESSAGE : answer.text }
}
