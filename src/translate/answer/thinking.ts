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
 * closing tag that no fence, code or quotes in its line make doubtful, and the blank line after it. Everything else is
 * text. What may still become a tag is held back, and what follows a doubtful tag: where no other closes the thinking
 * before the end, one of them was meant, the first whose quotation was never closed, else the last. So no mark in the
 * thinking takes the answer with it.
 */
export function createThinkingSplitter(): ThinkingSplitter {
  const quoting = createQuoting()
  let state: "start" | "thinking" | "gap" | "text" = "start"
  let held = ""
  /** From the first doubtful tag on, where there was one. */
  let doubtful = ""
  const doubts: Doubt[] = []

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
      doubts.push({ at: doubtful.length, quotation })
      pieces.push(...reasoning(CLOSE.length))
    }
    pieces.push(...reasoning(held.length - partialTagLength(held)))
    return doubtful.length > MOST_DOUBTFUL ? [...pieces, ...closeAtDoubt()] : pieces
  }

  /** Gives out the next `length` characters as reasoning, unless they may be the answer. */
  function reasoning(length: number): AnswerPiece[] {
    const text = held.slice(0, length)
    held = held.slice(length)
    quoting.push(text)
    if (doubts.length === 0) return piece("reasoning", text)
    doubtful += text
    return []
  }

  function close(): AnswerPiece[] {
    state = "gap"
    held = held.slice(CLOSE.length)
    return [...piece("reasoning", doubtful), ...step()]
  }

  function closeAtDoubt(): AnswerPiece[] {
    const meant = doubts.find(isNeverClosed) ?? doubts.at(-1)
    const at = meant?.at ?? 0
    state = "gap"
    held = doubtful.slice(at + CLOSE.length) + held
    return [...piece("reasoning", doubtful.slice(0, at)), ...step()]
  }

  function isNeverClosed({ at, quotation }: Doubt): boolean {
    if (quotation.mark === "fence") return quotation.fences === quoting.fences()
    const [rest = ""] = (doubtful.slice(at + CLOSE.length) + held).split("\n", 1)
    const after = rest.split(quotation.mark).length - 1
    return quotation.mark === "`" ? after === 0 : (quotation.before + after) % 2 === 1
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
    if (held === CLOSE && quoting.quotation("") === undefined) return close()
    if (doubts.length > 0) return closeAtDoubt()
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

interface Doubt {
  /** Where the tag stands in the doubtful text. */
  readonly at: number
  readonly quotation: Quotation
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

/** What makes a tag doubtful: the fence that is open, or the mark in its line with how many stood before it. */
type Quotation =
  | { readonly mark: "fence"; readonly fences: number }
  | { readonly mark: "`" | '"' | "'"; readonly before: number }

interface Quoting {
  push(text: string): void
  /** What would make what comes next, followed by `after`, a quotation. */
  quotation(after: string): Quotation | undefined
  /** How many fences were opened or closed: the same number is the same fence. */
  fences(): number
}

/** Follows Markdown just far enough to tell a tag that is talked about from one that is meant. */
function createQuoting(): Quoting {
  let line = ""
  let codeMarks = 0
  let fence: string | undefined
  let fences = 0

  /** Looks at no character of a line twice: a line can be as long as the answer. */
  function extend(piece: string): void {
    line += piece
    codeMarks += piece.split("`").length - 1
  }

  function endLine(): void {
    const next = fenceAfter(fence, line)
    if (next !== fence) fences += 1
    fence = next
    line = ""
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
      if (fence !== undefined) return { mark: "fence", fences }
      // At the end of its line, inline code that still stands open was no more than a stray mark.
      const goesOn = after !== "" && after !== "\n" && after !== "\r"
      if (goesOn && codeMarks % 2 === 1) return { mark: "`", before: codeMarks }
      if ((after !== '"' && after !== "'") || !line.endsWith(after)) return undefined
      return { mark: after, before: line.split(after).length - 1 }
    },
    fences: () => fences,
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
