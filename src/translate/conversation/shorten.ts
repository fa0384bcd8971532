import type { Conversation, Medium, TextPart, Turn, UserPart, UserTurn } from "./conversation.ts"
import { AT_ONCE, cutAsItGrew, cutText, dropExchanges, dropSteps, replaceTurn, type Draft } from "./cut.ts"
import { withoutMedium } from "./media.ts"
import { withoutReasoning } from "./reasoning.ts"
import { sizeOfFixed, sizeOfPart, sizeOfTurn, tokensOf } from "./size.ts"

/** An old tool result keeps this many characters, half of them from its head. */
const OLD_RESULT_CHARACTERS = 2_000
/** However small the target: a text that is cut to fit keeps this many tokens. */
const LEAST_TOKENS = 500

/**
 * Makes a canonical conversation as small as `targetTokens`, or as it can be. First old reasoning, images, documents and
 * long tool results go, then whole old exchanges, of one that is nearly all there is its oldest steps, then the same
 * within the open tool loop but for its newest step; last, where what must stay is itself too much, its longest texts are
 * cut inside, the newest results before the words of the user, and before those goes what is attached to them, where that
 * is the bulk. The system prompt, the first task and the newest message in the user's own words stay; no tool pair is
 * halved. With the same target the next request is cut in the same way, until a block is full.
 */
export function shorten(conversation: Conversation, targetTokens: number): Conversation {
  const most = Math.max(0, targetTokens - sizeOfFixed(conversation))
  const turns = cutAsItGrew(conversation.turns, {
    most,
    sizeOf: sizeOfTurn,
    cut: (draft) => cutDraft(draft, { most, aim: Math.floor(most * (1 - AT_ONCE)) }),
  })
  return turns === conversation.turns ? conversation : { ...conversation, turns }
}

function cutDraft(draft: Draft, { most, aim }: { readonly most: number; readonly aim: number }): void {
  const newest = draft.turns.length - 1
  trim(draft, { to: draft.spoken, aim })
  dropExchanges(draft, aim)
  trim(draft, { to: newest, aim })
  dropSteps(draft, aim)
  cutLongest(draft, { from: newest, of: "results", most })
  dropAttached(draft, most)
  cutLongest(draft, { from: 0, of: "everything", most })
}

/** What is old in the turns before `to`, the oldest first. The reasoning of an open loop has to stay. */
function trim(draft: Draft, { to, aim }: { readonly to: number; readonly aim: number }): void {
  const { spoken } = draft
  for (; draft.whole < to && draft.size > aim; draft.whole += 1) {
    const turn = draft.turns[draft.whole]
    // The newest words stay with all that came beside them.
    if (turn === undefined || draft.whole === spoken) continue
    const trimmed =
      turn.role === "user" ? withoutBulk(turn) : draft.whole < spoken ? withoutReasoning(turn) : turn
    if (trimmed !== turn) replaceTurn(draft, draft.whole, trimmed)
  }
}

function withoutBulk(turn: UserTurn): Turn {
  const parts = turn.parts.map(withoutBulkOfPart)
  const results = turn.results.map(withoutLength)
  const isChanged =
    parts.some((part, index) => part !== turn.parts[index]) ||
    results.some((result, index) => result !== turn.results[index])
  return isChanged ? { ...turn, parts, results } : turn
}

function withoutBulkOfPart(part: UserPart): UserPart {
  if (part.type !== "text") return withoutMedium(part, "too old to fit the context window")
  return part.isResult === true ? withoutLength(part) : part
}

function withoutLength<Result extends { readonly text: string }>(result: Result): Result {
  const text = cutText(result.text, OLD_RESULT_CHARACTERS)
  return text === result.text ? result : { ...result, text }
}

/** What is attached to the first and the newest words of the user, or a tool returned last, while it is the bulk of all. */
function dropAttached(draft: Draft, most: number): void {
  const attached = [...new Set([0, draft.spoken, draft.turns.length - 1])].flatMap((index) =>
    mediaOf(draft.turns[index]).map((medium) => ({ index, medium })),
  )
  let left = attached.reduce((sum, { medium }) => sum + sizeOfPart(medium), 0)
  for (const { index, medium } of attached) {
    const turn = draft.turns[index]
    if (turn?.role !== "user" || draft.size <= most || left <= most / 2) return
    left -= sizeOfPart(medium)
    const instead = withoutMedium(medium, "too large to fit the context window")
    const parts = turn.parts.map((part) => (part === medium ? instead : part))
    replaceTurn(draft, index, { ...turn, parts })
  }
}

function mediaOf(turn: Turn | undefined): readonly Medium[] {
  return turn?.role === "user" ? turn.parts.filter((part) => part.type !== "text") : []
}

/** Cuts the longest texts from this turn on to one length, so that all together are no more than `most`. */
function cutLongest(
  draft: Draft,
  { from, of, most }: { readonly from: number; readonly of: Cuttable; readonly most: number },
): void {
  if (draft.size <= most) return
  const sizes = draft.turns
    .slice(from)
    .flatMap((turn) => (turn === undefined ? [] : textsOf(turn, of).map(tokensOf)))
  const together = sizes.reduce((sum, size) => sum + size, 0)
  const longest = longestThatFits(sizes, together - (draft.size - most))
  for (let index = from; index < draft.turns.length; index += 1) {
    const turn = draft.turns[index]
    if (turn === undefined || textsOf(turn, of).every((text) => tokensOf(text) <= longest)) continue
    replaceTurn(draft, index, withTexts(turn, { of, change: (text) => cutToTokens(text, longest) }))
  }
}

/** The size to which the larger ones have to be cut so that their sum is `allowed`. */
function longestThatFits(sizes: readonly number[], allowed: number): number {
  let left = Math.max(0, allowed)
  const ascending = sizes.toSorted((one, other) => one - other)
  for (const [index, size] of ascending.entries()) {
    const share = left / (ascending.length - index)
    if (size > share) return Math.max(LEAST_TOKENS, Math.floor(share))
    left -= size
  }
  return Number.POSITIVE_INFINITY
}

/** What a character costs differs within a text: it may take some tries. */
function cutToTokens(text: string, tokens: number): string {
  let cut = text
  for (let size = tokensOf(cut); size > tokens; size = tokensOf(cut)) {
    const length = Math.floor((cut.length * tokens) / size) - 1
    cut = cutText(text, Math.min(length, cut.length - 1))
    if (length <= LEAST_TOKENS) return cut
  }
  return cut
}

type Cuttable = "results" | "everything"

function textsOf(turn: Turn, of: Cuttable): readonly string[] {
  if (turn.role === "assistant") return of === "everything" ? turn.texts : []
  const said = turn.parts.flatMap((part) => (part.type === "text" && isOf(part, of) ? [part.text] : []))
  return [...said, ...turn.results.map(({ text }) => text)]
}

function isOf({ isResult }: TextPart, of: Cuttable): boolean {
  return of === "everything" || isResult === true
}

function withTexts(
  turn: Turn,
  { of, change }: { readonly of: Cuttable; readonly change: (text: string) => string },
): Turn {
  if (turn.role === "assistant")
    return of === "everything" ? { ...turn, texts: turn.texts.map(change) } : turn
  const parts = turn.parts.map((part) =>
    part.type === "text" && isOf(part, of) ? { ...part, text: change(part.text) } : part,
  )
  return { ...turn, parts, results: turn.results.map((result) => ({ ...result, text: change(result.text) })) }
}
