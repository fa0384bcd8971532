import { CUT_MARK } from "./invented-words.ts"

const MARK = `\n${CUT_MARK}\n`

/** At most `length` characters: head and tail as they were, the mark between them. No surrogate pair is halved. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text
  const kept = Math.max(0, length - MARK.length)
  const head = text.slice(0, Math.ceil(kept / 2))
  const tail = kept < 2 ? "" : text.slice(-Math.floor(kept / 2))
  return `${withoutHalf(head, /[\uD800-\uDBFF]$/)}${MARK}${withoutHalf(tail, /^[\uDC00-\uDFFF]/)}`
}

function withoutHalf(text: string, half: RegExp): string {
  return text.replace(half, "")
}
