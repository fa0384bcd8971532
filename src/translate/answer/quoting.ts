export interface Quoting {
  push(text: string): void
  /** What would make what comes next, followed by `after`, a quotation: a code fence, or code and quotes in a line. */
  quotation(after: string): "fence" | "line" | undefined
}

/** Follows Markdown just far enough to tell a tag that is talked about from one that is meant. */
export function createQuoting(): Quoting {
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
