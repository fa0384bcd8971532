import { createInterface } from "node:readline/promises"
import { stripVTControlCharacters, styleText } from "node:util"

export type Tone = "good" | "warning" | "bad" | "muted" | "strong"

/** Where a command writes. `json` commands write one document to `out` and nothing else there. */
export interface Terminal {
  out(text: string): void
  /** Progress and errors: never part of what a pipe reads. */
  err(text: string): void
  paint(tone: Tone, text: string): string
  /** Shows `text` while it waits, where a person watches; wiped when the work is done. */
  progress<Result>(text: string, work: () => Promise<Result>): Promise<Result>
  /** How wide a line may be; `undefined` where no person's terminal would wrap it. */
  readonly columns: number | undefined
  /** Whether a person says yes; `undefined` where nobody can be asked. */
  confirm(question: string): Promise<boolean | undefined>
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface TerminalInput {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly stdin?: NodeJS.ReadStream
  readonly env: { readonly [name: string]: string | undefined }
}

const STYLES = { good: "green", warning: "yellow", bad: "red", muted: "dim", strong: "bold" } as const
const WIPE_LINE = "\r\u001B[2K"
const USUAL_COLUMNS = 80

/** Colours only for a person: none in a pipe, none under NO_COLOR or on a dumb terminal; FORCE_COLOR insists. */
export function createTerminal({ stdout, stderr, stdin, env }: TerminalInput): Terminal {
  const writeTo = (stream: Stream) => (text: string) => {
    const line = isColourful(stream, env) ? text : stripVTControlCharacters(text)
    stream.write(`${line}\n`)
  }
  return {
    out: writeTo(stdout),
    err: writeTo(stderr),
    paint: (tone, text) => styleText(STYLES[tone], text, { validateStream: false }),
    columns: stdout.isTTY === true ? (stdout.columns ?? USUAL_COLUMNS) : undefined,
    async progress(text, work) {
      if (stderr.isTTY !== true) return await work()
      stderr.write(`${text} …`)
      try {
        return await work()
      } finally {
        stderr.write(WIPE_LINE)
      }
    },
    async confirm(question) {
      if (stdin?.isTTY !== true || stderr.isTTY !== true) return undefined
      stderr.write(`${question} [y/N] `)
      const lines = createInterface({ input: stdin })
      try {
        return /^y(?:es)?$/i.test((await lines.question("")).trim())
      } finally {
        lines.close()
      }
    },
  }
}

/** https://no-color.org; FORCE_COLOR as in Node. */
function isColourful(stream: Stream, env: TerminalInput["env"]): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false
  const forced = env["FORCE_COLOR"]
  if (forced !== undefined) return forced !== "0" && forced !== "false"
  return stream.isTTY === true && env["TERM"] !== "dumb"
}

export interface Column {
  readonly title: string
  /** Left out first where the terminal is narrow: the highest number first; absent: never. */
  readonly expendable?: number
  readonly align?: "right"
}

/**
 * Columns as wide as their widest cell, two spaces between. In a narrow terminal columns that are said to be expendable
 * go, so that no row wraps.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { terminal }: { readonly terminal: Pick<Terminal, "columns" | "paint"> },
): string {
  const all = [columns.map(({ title }) => terminal.paint("muted", title)), ...rows]
  const widths = columns.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ""))))
  const kept = fitting(columns, widths, terminal.columns)
  return all
    .map((row) =>
      kept
        .map((index) => {
          const cell = row[index] ?? ""
          const blank = " ".repeat(Math.max(0, (widths[index] ?? 0) - width(cell)))
          return columns[index]?.align === "right" ? blank + cell : cell + blank
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function fitting(columns: readonly Column[], widths: readonly number[], room = Infinity): readonly number[] {
  const all = columns.map((_, index) => index)
  const goFirst = all
    .filter((index) => columns[index]?.expendable !== undefined)
    .toSorted((one, other) => (columns[other]?.expendable ?? 0) - (columns[one]?.expendable ?? 0))
  const total = (kept: readonly number[]): number =>
    kept.reduce((sum, index) => sum + (widths[index] ?? 0) + 2, -2)
  const sets = [0, ...goFirst.map((_, index) => index + 1)].map((gone) =>
    all.filter((index) => !goFirst.slice(0, gone).includes(index)),
  )
  return sets.find((kept) => total(kept) <= room) ?? sets.at(-1) ?? all
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length
}

/** Breaks a text between words, so that no line of it is longer than the terminal; what follows is indented. */
export function wrap(
  text: string,
  { indent, columns = Infinity }: { readonly indent: number; readonly columns: number | undefined },
): string {
  const room = Math.max(20, columns - indent)
  const lines = [""]
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? ""
    if (line === "") lines[lines.length - 1] = word
    else if (width(line) + 1 + width(word) <= room) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${" ".repeat(indent)}`)
}
