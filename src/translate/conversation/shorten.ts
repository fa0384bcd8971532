import type { Conversation, TurnResult, UserPart, UserTurn } from "./conversation.ts"
import { cutBulk } from "./cut-bulk.ts"
import { cutText } from "./cut-text.ts"
import { createDraft, type Draft, dropExchanges, dropSteps, replaceTurn, turnsOf } from "./drop-turns.ts"
import { estimateTokens, sizeOfPart, sizeOfTurn } from "./estimate-tokens.ts"
import { leftOut } from "./read-media.ts"

/** An old tool result keeps this many characters, half of them from its head. */
const OLD_RESULT_CHARACTERS = 2_000

/**
 * Makes a canonical conversation smaller until it is estimated at `targetTokens`, or nothing more may go. First old
 * images and documents and long old tool results, then whole old exchanges, then the same within the open tool loop
 * but for its newest step; last, where one message is more than half of all that is left, that message is cut inside.
 * The system prompt, the first message and the newest message in the user's own words stay; no tool pair is halved.
 * Linear in the size of the conversation.
 */
export function shorten(conversation: Conversation, targetTokens: number): Conversation {
  const excess = estimateTokens(conversation) - targetTokens
  if (excess <= 0) return conversation
  const draft = createDraft(conversation.turns, { excess, sizeOf: sizeOfTurn })
  trim(draft, 1, draft.spoken)
  dropExchanges(draft)
  trim(draft, draft.spoken + 1, draft.turns.length - 1)
  dropSteps(draft)
  const turns = turnsOf(draft)
  return { ...conversation, turns: cutBulk(turns, targetTokens + draft.excess, draft.excess) }
}

/** Images, documents and long results of the user turns in `[from, to)`, oldest first. */
function trim(draft: Draft, from: number, to: number): void {
  for (let index = from; index < to && draft.excess > 0; index += 1) {
    const turn = draft.turns[index]
    if (turn?.role !== "user") continue
    const trimmed: UserTurn = {
      role: "user",
      parts: turn.parts.map(withoutOldMedia),
      results: turn.results.map(withShortText),
    }
    replaceTurn(draft, index, trimmed)
  }
}

function withShortText(result: TurnResult): TurnResult {
  return { ...result, text: cutText(result.text, OLD_RESULT_CHARACTERS) }
}

function withoutOldMedia(part: UserPart): UserPart {
  if (part.type === "text") return part
  const old = leftOut(part.type === "document" ? part.filename : "Image", "too old to fit the context window")
  return sizeOfPart(old) < sizeOfPart(part) ? old : part
}
