import { textPart } from "./conversation.ts"
import type { Conversation, Turn, TurnResult, UserPart, UserTurn } from "./conversation.ts"
import { cutBulk } from "./cut-bulk.ts"
import { cutText } from "./cut-text.ts"
import { estimateTokens, sizeOfPart, sizeOfTurn } from "./estimate-tokens.ts"
import { CUT_MARK } from "./invented-words.ts"
import { leftOut } from "./read-media.ts"
import { isSpoken } from "./spoken.ts"

/** An old tool result keeps this many characters, half of them from its head. */
const OLD_RESULT_CHARACTERS = 2_000

/** `turns` keeps its positions: a turn that went is undefined. `excess` is what must still go, in tokens. */
interface Draft {
  readonly turns: (Turn | undefined)[]
  excess: number
}

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
  const draft: Draft = { turns: [...conversation.turns], excess }
  const newest = draft.turns.length - 1
  const spoken = Math.max(0, conversation.turns.findLastIndex(isSpoken))
  trim(draft, 1, spoken)
  dropExchanges(draft, spoken)
  trim(draft, spoken + 1, newest)
  dropSteps(draft, spoken, newest)
  const turns = draft.turns.filter((turn) => turn !== undefined)
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
    replace(draft, index, trimmed)
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

/** Whole exchanges before the newest message of the user; of the first one its message stays. */
function dropExchanges(draft: Draft, spoken: number): void {
  if (draft.excess <= 0 || spoken <= 1) return
  markCut(draft, 0)
  let index = 1
  while (index < spoken && draft.excess > 0) {
    do {
      replace(draft, index, undefined)
      index += 1
    } while (index < spoken && !isSpokenTurn(draft.turns[index]))
  }
  // The first message that stays may answer, beside its words, uses that went.
  const next = draft.turns[index]
  if (next?.role === "user") replace(draft, index, { ...next, results: [] })
}

/** Steps of the open loop: an assistant turn and the results that answer it. The newest stays. */
function dropSteps(draft: Draft, spoken: number, newest: number): void {
  if (draft.excess <= 0 || spoken + 2 >= newest) return
  markCut(draft, spoken)
  for (let index = spoken + 1; index + 1 < newest && draft.excess > 0; index += 2) {
    replace(draft, index, undefined)
    replace(draft, index + 1, undefined)
  }
}

function isSpokenTurn(turn: Turn | undefined): boolean {
  return turn !== undefined && isSpoken(turn)
}

function markCut(draft: Draft, index: number): void {
  const turn = draft.turns[index]
  if (turn?.role !== "user" || turn.parts.at(-1) === MARK) return
  replace(draft, index, { ...turn, parts: [...turn.parts, MARK] })
}

const MARK = textPart(CUT_MARK)

function replace(draft: Draft, index: number, turn: Turn | undefined): void {
  const before = draft.turns[index]
  draft.excess +=
    (turn === undefined ? 0 : sizeOfTurn(turn)) - (before === undefined ? 0 : sizeOfTurn(before))
  draft.turns[index] = turn
}
