import type { Conversation } from "./conversation.ts"
import { createDraft, dropExchanges, dropSteps, turnsOf } from "./drop-turns.ts"

/** Messages of history: the official client trims to so many, and nothing is known of more. */
const MAX_HISTORY = 10_000
/** As many go at once, so that the prefix stays the same for some hundred steps. */
const BLOCK = 1_000

/**
 * Leaves out the oldest exchanges of a conversation of more messages than the service takes, then the oldest steps of
 * its open loop, marked. The first message stays, and so does the newest exchange.
 */
export function limitTurns(conversation: Conversation): Conversation {
  const surplus = conversation.turns.length - 1 - MAX_HISTORY
  if (surplus <= 0) return conversation
  const excess = Math.ceil(surplus / BLOCK) * BLOCK
  const draft = createDraft(conversation.turns, { excess, sizeOf: () => 1 })
  dropExchanges(draft)
  dropSteps(draft)
  return { ...conversation, turns: turnsOf(draft) }
}
