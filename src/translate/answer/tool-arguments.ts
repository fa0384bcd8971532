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
  let nesting: Nesting = { depth: 0, inString: false, escaped: false, closed: false }
  let held = ""
  let anything = false
  return {
    push(piece) {
      const text = joiner.push(piece)
      const isOpen = nesting.depth > 0
      const leaves = isOpen ? held : ""
      held = isOpen ? text : held + text
      nesting = follow(nesting, text)
      anything ||= text.trim() !== ""
      return leaves
    },
    end: () => (anything ? held + joiner.end() : "{}"),
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING_BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/** How deep in a JSON text we are; `closed` when its outermost object has been closed. */
interface Nesting {
  readonly depth: number
  readonly inString: boolean
  readonly escaped: boolean
  readonly closed: boolean
}

function follow(nesting: Nesting, text: string): Nesting {
  let { depth, inString, escaped, closed } = nesting
  for (let index = 0; index < text.length && !closed; index++) {
    const code = text.charCodeAt(index)
    if (escaped) escaped = false
    else if (code === BACKSLASH) escaped = inString
    else if (code === QUOTE) inString = !inString
    else if (inString) continue
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) depth += 1
    else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      depth -= 1
      closed = depth <= 0
    }
  }
  return { depth, inString, escaped, closed }
}
