import { beginning } from "../../json.ts"
import { isSpoken, lengthOfTask, textPart, type Turn } from "./conversation.ts"
import { CUT_MARK } from "./filler.ts"

/** What goes at once, of what there is room for: the border stands still until as much has come anew. */
export const AT_ONCE: number = 1 / 4

/** A canonical conversation, as far as it has been read, while it is being made smaller. */
export interface Draft {
  /** They keep their positions: a turn that went is undefined. */
  readonly turns: (Turn | undefined)[]
  /** In the unit of `sizeOf`. */
  size: number
  readonly sizeOf: (turn: Turn) => number
  /** The newest message in the user's own words, or the first. */
  spoken: number
  /** Nothing before it can go any more, and nothing before `whole` can be trimmed. */
  front: number
  whole: number
}

/**
 * Reads a conversation message by message, as its requests came, and lets `cut` make smaller what is over `most`. So
 * each request cuts what the one before cut, in the same way, and more only when it is too large again: how far `cut`
 * then goes below `most` is the block in which the border moves.
 */
export function cutAsItGrew(
  turns: readonly Turn[],
  {
    most,
    sizeOf,
    cut,
  }: {
    readonly most: number
    readonly sizeOf: (turn: Turn) => number
    readonly cut: (draft: Draft) => void
  },
): readonly Turn[] {
  const task = lengthOfTask(turns)
  const draft: Draft = { turns: [], size: 0, sizeOf, spoken: 0, front: task, whole: task }
  let isCut = false
  for (const turn of turns) {
    if (isSpoken(turn)) draft.spoken = draft.turns.length
    draft.turns.push(turn)
    draft.size += sizeOf(turn)
    if (turn.role === "assistant" || draft.size <= most) continue
    isCut = true
    cut(draft)
  }
  return isCut ? draft.turns.filter((turn) => turn !== undefined) : turns
}

export function replaceTurn(draft: Draft, index: number, turn: Turn | undefined): void {
  const { turns, sizeOf } = draft
  const before = turns[index]
  draft.size += (turn === undefined ? 0 : sizeOf(turn)) - (before === undefined ? 0 : sizeOf(before))
  turns[index] = turn
}

/**
 * Whole exchanges before the newest message of the user, down to `aim`; of the first one the task stays. Of one without
 * which little would be left only the oldest steps go: it may be all that was done.
 */
export function dropExchanges(draft: Draft, aim: number): void {
  const { spoken } = draft
  if (draft.size <= aim || draft.front >= spoken) return
  markCut(draft, 0)
  while (draft.front < spoken && draft.size > aim) {
    const end = endOfExchange(draft)
    const isMost = draft.size - sizeUpTo(draft, end) < aim / 2
    // With an assistant turn go the results that answer it.
    const isEnough = (): boolean =>
      isMost && draft.size <= aim && draft.turns[draft.front]?.role === "assistant"
    do {
      replaceTurn(draft, draft.front, undefined)
      draft.front += 1
    } while (draft.front < end && !isEnough())
  }
  // The first message that stays may answer, beside its words, uses that went.
  const next = draft.turns[draft.front]
  if (next?.role === "user" && next.results.length > 0)
    replaceTurn(draft, draft.front, { ...next, results: [] })
}

/** Of the one at the front. */
function endOfExchange({ turns, front, spoken }: Draft): number {
  let end = front + 1
  while (end < spoken && !isSpoken(turns[end])) end += 1
  return end
}

function sizeUpTo({ turns, front, sizeOf }: Draft, end: number): number {
  return turns.slice(front, end).reduce((sum, turn) => sum + (turn === undefined ? 0 : sizeOf(turn)), 0)
}

/** Steps of the open loop, an assistant turn and the results that answer it, down to `aim`. The newest stays. */
export function dropSteps(draft: Draft, aim: number): void {
  const { spoken } = draft
  const newest = draft.turns.length - 1
  const first = firstAfter(draft, spoken)
  if (draft.size <= aim || first + 1 >= newest) return
  markCut(draft, spoken)
  for (let index = first; index + 1 < newest && draft.size > aim; index += 2) {
    replaceTurn(draft, index, undefined)
    replaceTurn(draft, index + 1, undefined)
  }
}

function firstAfter({ turns }: Draft, spoken: number): number {
  const first = turns.findIndex((turn, index) => index > spoken && turn !== undefined)
  return first === -1 ? turns.length : first
}

function markCut(draft: Draft, index: number): void {
  const turn = draft.turns[index]
  if (turn?.role !== "user" || turn.parts.at(-1) === MARK) return
  replaceTurn(draft, index, { ...turn, parts: [...turn.parts, MARK] })
}

const MARK = textPart(CUT_MARK)

/** At most `length` characters: head and tail as they were, the mark between them. No surrogate pair is halved. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text
  const kept = Math.max(0, length - CUT.length)
  const tail = text.slice(text.length - Math.floor(kept / 2))
  return beginning(text, Math.ceil(kept / 2)) + CUT + tail.replace(/^[\uDC00-\uDFFF]/, "")
}

const CUT = `\n${CUT_MARK}\n`
