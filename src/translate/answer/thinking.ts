export interface AnswerPiece {
  readonly kind: "text" | "reasoning"
  readonly text: string
}

interface ThinkingSplitter {
  push(text: string): AnswerPiece[]
  end(): AnswerPiece[]
}

const OPEN = "<thinking>"
const CLOSE = "</thinking>"

/** More characters than any thinking budget: behind a doubtful tag no closing one is waited for any longer. */
const MOST_DOUBTFUL = 256 * 1024

/**
 * Takes the thinking out of an answer of the tag dialect: one `<thinking>` block at the very start, up to the first
 * closing tag that is not quoted, and the blank line after it. Everything else is text. What may still become a tag
 * is held back, and what follows a closing tag in a code fence, because a fence that was never closed must not hide
 * the answer: that tag was a quotation only where another closes the thinking. Nothing else is held back.
 */
export function createThinkingSplitter(): ThinkingSplitter {
  const quoting = createQuoting()
  let state: "start" | "thinking" | "gap" | "text" = "start"
  let held = ""
  /** From the first closing tag in a fence on, where there was one. */
  let doubtful: string | undefined

  function start(): AnswerPiece[] {
    const begun = held.trimStart()
    if (begun.length < OPEN.length && OPEN.startsWith(begun)) return []
    state = begun.startsWith(OPEN) ? "thinking" : "text"
    if (state === "thinking") held = begun.slice(OPEN.length)
    return step()
  }

  function thinking(): AnswerPiece[] {
    const pieces: AnswerPiece[] = []
    for (let at = held.indexOf(CLOSE); at >= 0; at = held.indexOf(CLOSE)) {
      pieces.push(...reasoning(at))
      const after = held.at(CLOSE.length)
      if (after === undefined) return pieces
      const quotation = quoting.quotation(after)
      if (quotation === undefined) return [...pieces, ...close()]
      if (quotation === "fence") doubtful ??= ""
      pieces.push(...reasoning(CLOSE.length))
    }
    pieces.push(...reasoning(held.length - partialTagLength(held)))
    return (doubtful?.length ?? 0) > MOST_DOUBTFUL ? [...pieces, ...closeAtDoubt()] : pieces
  }

  /** Gives out the next `length` characters as reasoning, unless they may be the answer. */
  function reasoning(length: number): AnswerPiece[] {
    const text = held.slice(0, length)
    held = held.slice(length)
    quoting.push(text)
    if (doubtful === undefined) return piece("reasoning", text)
    doubtful += text
    return []
  }

  function close(): AnswerPiece[] {
    state = "gap"
    held = held.slice(CLOSE.length)
    return [...piece("reasoning", doubtful ?? ""), ...step()]
  }

  function closeAtDoubt(): AnswerPiece[] {
    state = "gap"
    held = (doubtful ?? "").slice(CLOSE.length) + held
    return step()
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

  function endThinking(): AnswerPiece[] {
    if (held === CLOSE && quoting.quotation("") !== "fence") return close()
    if (doubtful !== undefined) return closeAtDoubt()
    return held === CLOSE ? [] : piece("reasoning", rest())
  }

  return {
    push(text) {
      held += text
      return step()
    },
    end: () => (state === "thinking" ? endThinking() : piece("text", rest())),
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

interface Quoting {
  push(text: string): void
  /** What would make what comes next, followed by `after`, a quotation: a code fence, or code and quotes in a line. */
  quotation(after: string): "fence" | "line" | undefined
}

/** Follows Markdown just far enough to tell a tag that is talked about from one that is meant. */
function createQuoting(): Quoting {
  let line = ""
  let last = ""
  let codeMarks = 0
  let fence: string | undefined

  /** Looks at no character of a line twice: a line can be as long as the answer. */
  function extend(piece: string): void {
    line += piece
    last = piece.at(-1) ?? last
    codeMarks += piece.split("`").length - 1
  }

  function endLine(): void {
    fence = fenceAfter(fence, line)
    line = ""
    last = ""
    codeMarks = 0
  }

  return {
    push(text) {
      const [rest = "", ...lines] = text.split("\n")
      extend(rest)
      for (const piece of lines) {
        endLine()
        extend(piece)
      }
    },
    quotation(after) {
      if (fence !== undefined) return "fence"
      // At the end of its line, inline code that still stands open was no more than a stray mark.
      const goesOn = after !== "" && after !== "\n" && after !== "\r"
      if (goesOn && codeMarks % 2 === 1) return "line"
      return (last === '"' || last === "'") && last === after ? "line" : undefined
    },
  }
}

/** The fence that is open after a line: one opens with three marks or more and closes with as many, alone. */
function fenceAfter(fence: string | undefined, line: string): string | undefined {
  const marks = /^\s*(?<marks>`{3,}|~{3,})(?<rest>[^]*)$/.exec(line)?.groups
  if (marks?.["marks"] === undefined) return fence
  if (fence === undefined) return marks["marks"]
  const closes = marks["marks"].startsWith(fence) && marks["rest"]?.trim() === ""
  return closes ? undefined : fence
}
