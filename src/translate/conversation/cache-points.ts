import type { Conversation } from "./conversation.ts"
import { sizeOfTurn, tokensOf } from "./estimate-tokens.ts"

/** A shorter prefix is not cached ("minimumTokensPerCacheCheckpoint"). */
const MIN_CACHED_TOKENS = 1_024

/**
 * Two of the four points that a request may have: the first message, with the system prompt, and the newest. Both are
 * properties of the prefix or stand behind it, so the history of one turn stands unchanged in the next; the service
 * looks back from the newest point to what earlier turns wrote. Never in `tools`, where the service refuses them.
 */
export function cachePointTurns({ system, turns }: Conversation, most: number): ReadonlySet<number> {
  const ends = [...new Set([turns.length - 1, 0])].slice(0, most)
  return new Set(ends.filter((end) => tokensUpTo(end) >= MIN_CACHED_TOKENS))

  function tokensUpTo(end: number): number {
    const spoken = turns.slice(0, end + 1)
    return spoken.reduce((sum, turn) => sum + sizeOfTurn(turn), tokensOf(system.length))
  }
}
