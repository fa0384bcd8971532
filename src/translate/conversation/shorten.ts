import {
  isSpoken,
  textPart,
  type Conversation,
  type Turn,
  type TurnResult,
  type UserPart,
  type UserTurn,
} from "./conversation.ts"
import { leftOut } from "./media.ts"
import { charactersOf, estimateTokens, sizeOfPart, sizeOfTurn, tokensOf } from "./size.ts"
import { CUT_MARK } from "./words.ts"

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

/** A canonical conversation while it is being made smaller. */
interface Draft {
  /** They keep their positions: a turn that went is undefined. */
  readonly turns: (Turn | undefined)[]
  /** What must still go, in the unit of `sizeOf`. */
  excess: number
  readonly sizeOf: (turn: Turn) => number
  /** The newest message in the user's own words, or the first. */
  readonly spoken: number
}

export function createDraft(
  turns: readonly Turn[],
  { excess, sizeOf }: { readonly excess: number; readonly sizeOf: (turn: Turn) => number },
): Draft {
  return { turns: [...turns], excess, sizeOf, spoken: Math.max(0, turns.findLastIndex(isSpoken)) }
}

export function turnsOf({ turns }: Draft): Turn[] {
  return turns.filter((turn) => turn !== undefined)
}

function replaceTurn(draft: Draft, index: number, turn: Turn | undefined): void {
  const { turns, sizeOf } = draft
  const before = turns[index]
  draft.excess += (turn === undefined ? 0 : sizeOf(turn)) - (before === undefined ? 0 : sizeOf(before))
  turns[index] = turn
}

/** Whole exchanges before the newest message of the user; of the first one its message stays. */
export function dropExchanges(draft: Draft): void {
  const { spoken } = draft
  if (draft.excess <= 0 || spoken <= 1) return
  markCut(draft, 0)
  let index = 1
  while (index < spoken && draft.excess > 0) {
    do {
      replaceTurn(draft, index, undefined)
      index += 1
    } while (index < spoken && !isSpokenTurn(draft.turns[index]))
  }
  // The first message that stays may answer, beside its words, uses that went.
  const next = draft.turns[index]
  if (next?.role === "user") replaceTurn(draft, index, { ...next, results: [] })
}

/** Steps of the open loop: an assistant turn and the results that answer it. The newest stays. */
export function dropSteps(draft: Draft): void {
  const { spoken } = draft
  const newest = draft.turns.length - 1
  if (draft.excess <= 0 || spoken + 2 >= newest) return
  markCut(draft, spoken)
  for (let index = spoken + 1; index + 1 < newest && draft.excess > 0; index += 2) {
    replaceTurn(draft, index, undefined)
    replaceTurn(draft, index + 1, undefined)
  }
}

function isSpokenTurn(turn: Turn | undefined): boolean {
  return turn !== undefined && isSpoken(turn)
}

function markCut(draft: Draft, index: number): void {
  const turn = draft.turns[index]
  if (turn?.role !== "user" || turn.parts.at(-1) === MARK) return
  replaceTurn(draft, index, { ...turn, parts: [...turn.parts, MARK] })
}

const MARK = textPart(CUT_MARK)

/** However small the target: a message that is cut keeps this many characters. */
const MIN_CHARACTERS = 2_000

/**
 * Cuts the one text that is more than half of the whole, a message of collected text (compaction) or a huge result,
 * by `excess` tokens. Where there is no such text, nothing is cut.
 */
function cutBulk(turns: readonly Turn[], wholeTokens: number, excess: number): readonly Turn[] {
  if (excess <= 0) return turns
  const longest = turns.flatMap(textLengths).reduce((most, length) => Math.max(most, length), 0)
  if (tokensOf(longest) * 2 <= wholeTokens) return turns
  const length = Math.max(MIN_CHARACTERS, longest - charactersOf(excess + 1))
  return turns.map((turn) => cutTurn(turn, longest, length))
}

function textLengths(turn: Turn): number[] {
  if (turn.role === "assistant") return []
  const texts = turn.parts.map((part) => (part.type === "text" ? part.text.length : 0))
  return [...texts, ...turn.results.map(({ text }) => text.length)]
}

function cutTurn(turn: Turn, longest: number, length: number): Turn {
  if (turn.role === "assistant" || !textLengths(turn).includes(longest)) return turn
  const cut = (text: string): string => (text.length === longest ? cutText(text, length) : text)
  const parts = turn.parts.map((part): UserPart =>
    part.type === "text" ? { ...part, text: cut(part.text) } : part,
  )
  return { ...turn, parts, results: turn.results.map((result) => ({ ...result, text: cut(result.text) })) }
}

const CUT = `\n${CUT_MARK}\n`

/** At most `length` characters: head and tail as they were, the mark between them. No surrogate pair is halved. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text
  const kept = Math.max(0, length - CUT.length)
  const head = text.slice(0, Math.ceil(kept / 2))
  const tail = kept < 2 ? "" : text.slice(-Math.floor(kept / 2))
  return `${withoutHalf(head, /[\uD800-\uDBFF]$/)}${CUT}${withoutHalf(tail, /^[\uDC00-\uDFFF]/)}`
}

function withoutHalf(text: string, half: RegExp): string {
  return text.replace(half, "")
}
