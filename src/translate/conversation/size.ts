import type { Conversation, ToolDeclaration, Turn, UserPart } from "./conversation.ts"

/** The service's own heuristic, as its official client states it; a character of Chinese, Japanese or Korean is one. */
export const CHARACTERS_PER_TOKEN = 4
/** About what a 1 500 × 800 pixel image costs; OpenCode sends none over 2 000 pixels. */
const IMAGE_TOKENS = 1_600
const DOCUMENT_PAGE_TOKENS = 2_000
/** A document does not say how many pages it has: one for each started 64 kB. */
const DOCUMENT_PAGE_BYTES = 64_000
const BASE64_CHARACTERS_PER_BYTE = 4 / 3

/** In tokens, as well as can be told from outside; `learnRatio` says how far that is from what the service counts. */
export function estimateTokens(conversation: Conversation): number {
  return conversation.turns.reduce((sum, turn) => sum + sizeOfTurn(turn), sizeOfFixed(conversation))
}

/** What no shortening makes smaller: the system prompt and the tools. */
export function sizeOfFixed({ system, tools }: Conversation): number {
  return tools.reduce((sum, tool) => sum + sizeOfTool(tool), tokensOf(system))
}

/** A longer text is looked at only in places, always the same ones: its size is asked for in every request. */
const LOOKED_AT_WHOLE = 256
const FIRST_LOOK = 64
const CLOSER_LOOK = 1_024

export function tokensOf(text: string): number {
  const { length } = text
  const isWhole = length <= LOOKED_AT_WHOLE
  // Most short texts hold nothing wide, which is seen far sooner than it is counted.
  if (isWhole && !/[\u1100-\uffff]/.test(text)) return Math.ceil(length / CHARACTERS_PER_TOKEN)
  const shown = wideShare(text, isWhole ? length : FIRST_LOOK)
  const wide = length * (isWhole || shown === 0 ? shown : wideShare(text, CLOSER_LOOK))
  return Math.ceil(wide + (length - wide) / CHARACTERS_PER_TOKEN)
}

/** Of about so many characters, in steps of no pattern: text repeats itself. */
function wideShare(text: string, places: number): number {
  const { length } = text
  const longestStep = Math.max(1, Math.floor((2 * length) / places) - 1)
  let found = 0
  let looked = 0
  let random = 1
  for (let index = 0; index < length; looked += 1) {
    if (isWide(text.charCodeAt(index))) found += 1
    random = (Math.imul(random, 1_103_515_245) + 12_345) | 0
    index += 1 + ((random >>> 16) % longestStep)
  }
  return looked === 0 ? 0 : found / looked
}

/** Han, Kana and Hangul with their punctuation; of a pair of surrogates the second half, which Han beyond U+FFFF has. */
function isWide(code: number): boolean {
  if (code < 0x1100) return false
  return (
    code <= 0x11ff ||
    (code >= 0x2e80 && code <= 0xd7ff) ||
    (code >= 0xdc00 && code <= 0xdfff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe4f) ||
    (code >= 0xff00 && code <= 0xffef)
  )
}

export function sizeOfTurn(turn: Turn): number {
  if (turn.role === "user")
    return (
      turn.parts.reduce((sum, part) => sum + sizeOfPart(part), 0) +
      turn.results.reduce((sum, { text }) => sum + tokensOf(text), 0)
    )
  const { texts, uses, reasoning } = turn
  return (
    texts.reduce((sum, text) => sum + tokensOf(text), 0) +
    uses.reduce((sum, { name, argumentsText }) => sum + tokensOf(name) + tokensOf(argumentsText), 0) +
    (reasoning === undefined ? 0 : tokensOf(reasoning.redacted ?? reasoning.text))
  )
}

export function sizeOfPart(part: UserPart): number {
  switch (part.type) {
    case "text":
      return tokensOf(part.text)
    case "image":
      return IMAGE_TOKENS
    case "document":
      return (
        Math.ceil(part.bytes.length / BASE64_CHARACTERS_PER_BYTE / DOCUMENT_PAGE_BYTES) * DOCUMENT_PAGE_TOKENS
      )
    default:
      return part satisfies never
  }
}

function sizeOfTool({ name, description, schema }: ToolDeclaration): number {
  return tokensOf(name) + tokensOf(description) + tokensOf(schema.text)
}

/** What a session's text may cost at most and at least, in tokens of the service for one estimated. */
const MOST_RATIO = 8
const LEAST_RATIO = 0.5
/** Beside a few words the service's own additions weigh too much to learn from. */
const TOO_SMALL = 4_000
/** Learnt with some room. */
const ROOM = 1.05
/**
 * Kept as long as what an answer shows is no smaller and no larger part of it. Where a session is cut each change moves
 * its borders, and a cut to four fifths of the window has room for more.
 */
const STILL_RIGHT = { whole: { least: 0.8, most: 1 }, cut: { least: 0.5, most: 1.15 } } as const

/**
 * The tokens that the service counts for one that was estimated, as the session's last answers and refusals showed it;
 * 1 where nothing is known. `counted` is what the service said of an answered request, whole or cut, or the window that
 * a refused one was too long for: that one was at least as large.
 */
export function learnRatio(
  known: number | undefined,
  seen: {
    readonly estimated: number
    readonly counted: number
    readonly request: "whole" | "cut" | "refused"
  },
): number | undefined {
  const { estimated, counted, request } = seen
  if (estimated < TOO_SMALL || counted <= 0) return known
  const shown = counted / estimated
  if (request === "refused") return clampRatio(Math.max(shown, known ?? 1) * ROOM)
  const { least, most } = STILL_RIGHT[request]
  const isRight = known !== undefined && shown >= known * least && shown <= known * most
  return isRight ? known : clampRatio(shown * ROOM)
}

function clampRatio(ratio: number): number {
  return Math.round(Math.max(LEAST_RATIO, Math.min(ratio, MOST_RATIO)) * 100) / 100
}
