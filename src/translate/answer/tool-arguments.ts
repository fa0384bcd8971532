import { createSurrogateJoiner } from "./surrogates.ts"

export interface ToolArguments {
  /** Takes the next piece, gives the one before it where that may leave. */
  push(piece: string): string
  /** At the call's stop: all that was held back. A call without arguments has "{}". */
  end(): string
}

/**
 * The arguments of one call, given out one event late. The piece that closes the JSON, and whatever follows it, is
 * held until the stop: OpenCode runs a call as soon as its arguments parse.
 */
export function createToolArguments(): ToolArguments {
  const joiner = createSurrogateJoiner()
  const nesting = createNesting()
  let held = ""
  let anything = false
  return {
    push(piece) {
      const text = joiner.push(piece)
      const leaves = nesting.isOpen() ? held : ""
      held = held.slice(leaves.length) + text
      nesting.push(text)
      anything ||= text.trim() !== ""
      return leaves
    },
    end: () => (anything ? held + joiner.end() : "{}"),
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])

/** Follows a JSON text just far enough to know whether its outermost object is open. */
function createNesting(): { push(text: string): void; isOpen(): boolean } {
  let depth = 0
  let inString = false
  let escaped = false
  let closed = false

  function take(code: number): void {
    if (escaped) escaped = false
    else if (inString) {
      if (code === BACKSLASH) escaped = true
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (OPENING.has(code)) depth += 1
    else if (CLOSING.has(code)) {
      depth -= 1
      closed ||= depth <= 0
    }
  }

  return {
    push(text) {
      for (let index = 0; index < text.length && !closed; index++) take(text.charCodeAt(index))
    },
    isOpen: () => depth > 0 && !closed,
  }
}
