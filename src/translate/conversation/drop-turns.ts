import { textPart } from "./conversation.ts"
import type { Turn } from "./conversation.ts"
import { CUT_MARK } from "./invented-words.ts"
import { isSpoken } from "./spoken.ts"

/** A canonical conversation while it is being made smaller. */
export interface Draft {
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

export function replaceTurn(draft: Draft, index: number, turn: Turn | undefined): void {
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
