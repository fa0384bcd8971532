export interface Quoting {
  push(text: string): void
  /** Whether what comes next, followed by `after`, would be a quotation: in a code fence, in inline code, in quotes. */
  isQuoted(after: string): boolean
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
    isQuoted(after) {
      if (fence !== undefined) return true
      // At the end of its line, inline code that still stands open was no more than a stray mark.
      const goesOn = after !== "" && after !== "\n" && after !== "\r"
      if (goesOn && line.split("`").length % 2 === 0) return true
      const before = line.at(-1)
      return (before === '"' || before === "'") && before === after
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
