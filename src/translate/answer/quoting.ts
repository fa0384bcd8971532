export interface Quoting {
  push(text: string): void
  /** What would make what comes next, followed by `after`, a quotation: a code fence, or code and quotes in a line. */
  quotation(after: string): "fence" | "line" | undefined
}

/** Follows Markdown just far enough to tell a tag that is talked about from one that is meant. */
export function createQuoting(): Quoting {
  let line = ""
  let fence: string | undefined
  return {
    push(text) {
      const lines = (line + text).split("\n")
      line = lines.pop() ?? ""
      for (const whole of lines) fence = fenceAfter(fence, whole)
    },
    quotation(after) {
      if (fence !== undefined) return "fence"
      // At the end of its line, inline code that still stands open was no more than a stray mark.
      const goesOn = after !== "" && after !== "\n" && after !== "\r"
      if (goesOn && line.split("`").length % 2 === 0) return "line"
      const before = line.at(-1)
      return (before === '"' || before === "'") && before === after ? "line" : undefined
    },
  }
}

/** The fence that is open after a line: one opens with three marks or more and closes with as many, alone. */
function fenceAfter(fence: string | undefined, line: string): string | undefined {
  const marks = /^\s*(?<marks>`{3,}|~{3,})(?<rest>.*)$/.exec(line)?.groups
  if (marks?.["marks"] === undefined) return fence
  if (fence === undefined) return marks["marks"]
  const closes = marks["marks"].startsWith(fence) && marks["rest"]?.trim() === ""
  return closes ? undefined : fence
}
