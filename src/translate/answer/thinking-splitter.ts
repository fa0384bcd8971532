import { createQuoting } from "./quoting.ts"

export interface AnswerPiece {
  readonly kind: "text" | "reasoning"
  readonly text: string
}

export interface ThinkingSplitter {
  push(text: string): AnswerPiece[]
  end(): AnswerPiece[]
}

const OPEN = "<thinking>"
const CLOSE = "</thinking>"

/**
 * Takes the thinking out of an answer of the tag dialect: one `<thinking>` block at the very start, up to the first
 * closing tag that is not quoted, and the blank line after it. Everything else is text. What may still become a tag
 * is held back; nothing else is.
 */
export function createThinkingSplitter(): ThinkingSplitter {
  const quoting = createQuoting()
  let state: "start" | "thinking" | "gap" | "text" = "start"
  let held = ""

  function start(): AnswerPiece[] {
    const begun = held.trimStart()
    if (begun.length < OPEN.length && OPEN.startsWith(begun)) return []
    state = begun.startsWith(OPEN) ? "thinking" : "text"
    if (state === "thinking") held = begun.slice(OPEN.length)
    return step()
  }

  function thinking(): AnswerPiece[] {
    const at = held.indexOf(CLOSE)
    if (at < 0) return reasoning(held.length - partialTagLength(held))
    const before = reasoning(at)
    const after = held.at(CLOSE.length)
    if (after === undefined) return before
    if (quoting.isQuoted(after)) return [...before, ...reasoning(CLOSE.length), ...thinking()]
    state = "gap"
    held = held.slice(CLOSE.length)
    return [...before, ...step()]
  }

  /** Gives out the next `length` characters as reasoning. */
  function reasoning(length: number): AnswerPiece[] {
    const text = held.slice(0, length)
    held = held.slice(length)
    quoting.push(text)
    return piece("reasoning", text)
  }

  function gap(): AnswerPiece[] {
    held = held.replace(/^[\r\n]+/, "")
    if (held === "") return []
    state = "text"
    return step()
  }

  function step(): AnswerPiece[] {
    switch (state) {
      case "start":
        return start()
      case "thinking":
        return thinking()
      case "gap":
        return gap()
      case "text":
        return piece("text", rest())
      default:
        return state satisfies never
    }
  }

  function rest(): string {
    const text = held
    held = ""
    return text
  }

  return {
    push(text) {
      held += text
      return step()
    },
    end() {
      if (state !== "thinking") return piece("text", rest())
      const closed = held === CLOSE && !quoting.isQuoted("")
      return closed ? [] : piece("reasoning", rest())
    },
  }
}

function piece(kind: AnswerPiece["kind"], text: string): AnswerPiece[] {
  return text === "" ? [] : [{ kind, text }]
}

/** How many of the last characters may be the beginning of the closing tag. */
function partialTagLength(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (CLOSE.startsWith(text.slice(-length))) return length
  }
  return 0
}
