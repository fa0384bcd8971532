import { createInterface } from "node:readline/promises"
import { stripVTControlCharacters, styleText } from "node:util"
import { cellsOf, cutTo } from "../accounts/index.ts"
import { plainText } from "../json.ts"
import type { Place } from "../settings/index.ts"

type Tone = "good" | "warning" | "bad" | "muted" | "strong"

/** Where a command writes, and what fits there. */
export interface Terminal {
  out(text: string): void
  /** A text for people, broken where the terminal ends. */
  say(text: string): void
  /** What a `--json` command writes: one document, and nothing else to the same place. */
  json(document: object): void
  /** Progress and errors: never part of what a pipe reads. */
  err(text: string): void
  /** What a person should know beside the answer. */
  warn(text: string): void
  paint(tone: Tone, text: string): string
  /** Shows `text` while it waits, where a person watches; wiped when the work is done. */
  progress<Result>(text: string, work: () => Promise<Result>): Promise<Result>
  /** How wide a line may be; `undefined` where no person's terminal would wrap it. */
  readonly columns: number | undefined
  /**
   * Breaks a text between words, so that no line of it is longer than the terminal; what follows is indented. What stands
   * in backticks is typed as it is: it is never broken here. Whatever names it holds, it does nothing to a screen.
   */
  wrap(text: string, indent?: number): string
  /**
   * Columns as wide as their widest cell, two spaces between. In a narrow terminal no row wraps: a long cell is cut down
   * to a usual size, then columns that are said to be expendable go, then it is cut further. A column that says nothing
   * in any row is not there; without any title there is no line of titles.
   */
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): string
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
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly env: Place["env"]
}

const STYLES = { good: "green", warning: "yellow", bad: "red", muted: "dim", strong: "bold" } as const
const WIPE_LINE = "\r\u001B[2K"
const USUAL_COLUMNS = 80

/** Colours only for a person: none in a pipe, none under NO_COLOR or on a dumb terminal; FORCE_COLOR insists. */
export function createTerminal({ stdout, stderr, stdin, env }: TerminalInput): Terminal {
  /** What stands in the last line while a person waits; empty where nobody does. */
  let waiting = ""
  const writeTo = (stream: Stream) => (text: string) => {
    const line = isColourful(stream, env) ? text : stripVTControlCharacters(text)
    if (waiting !== "") stderr.write(WIPE_LINE)
    stream.write(`${line}\n`)
    if (waiting !== "") stderr.write(waiting)
  }
  const out = writeTo(stdout)
  const columns = stdout.isTTY === true ? stdout.columns || USUAL_COLUMNS : undefined
  const err = writeTo(stderr)
  const paint: Terminal["paint"] = (tone, text) => styleText(STYLES[tone], text, { validateStream: false })
  const wrap: Terminal["wrap"] = (text, indent = 0) => wrapped(plainText(text), indent, columns)
  return {
    out,
    say: (text) => out(wrap(text)),
    json: (document) => out(JSON.stringify(document, null, 2)),
    err,
    warn: (text) => err(paint("warning", wrap(text))),
    paint,
    columns,
    wrap,
    table(described, cells) {
      const told = described.map((_, index) => cells.some((row) => row[index] !== ""))
      const shown = described.filter((_, index) => told[index])
      const rows = cells.map((row) => row.filter((_, index) => told[index]))
      const titles = shown.map(({ title }) => paint("muted", title))
      const isUntitled = described.every(({ title }) => title === "")
      return tableOf(shown, isUntitled ? rows : [titles, ...rows], columns)
    },
    async progress(text, work) {
      if (stderr.isTTY !== true || isDumb(env)) return await work()
      waiting = `${text} …`
      stderr.write(waiting)
      try {
        return await work()
      } finally {
        waiting = ""
        stderr.write(WIPE_LINE)
      }
    },
    async confirm(question) {
      if (stdin?.isTTY !== true || stderr.isTTY !== true) return undefined
      stderr.write(`${wrap(`${question} [y/N]`)} `)
      const lines = createInterface({ input: stdin })
      // Ctrl-D: no line will ever come.
      const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")))
      try {
        return /^y(?:es)?$/i.test((await Promise.race([lines.question(""), ended])).trim())
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
  return stream.isTTY === true && !isDumb(env)
}

/** It wipes no line, and shows what would. */
function isDumb(env: TerminalInput["env"]): boolean {
  return env["TERM"] === "dumb"
}

export interface Column {
  readonly title: string
  /**
   * Left out where the terminal is narrow: the highest number first; 0 only where names that are cut to their least leave
   * no room for it either; absent: never.
   */
  readonly expendable?: number
  /** The side on which it is cut short where all is still too wide. */
  readonly shrinks?: "left" | "right"
  /** Of the last column: a text that is broken between words. */
  readonly wraps?: true
  readonly align?: "right"
}

/** See `Terminal.table`. */
function tableOf(columns: readonly Column[], rows: readonly (readonly string[])[], room = Infinity): string {
  const natural = columns.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))))
  const kept = fitting(columns, natural, room)
  const usual = atMost(USUAL_WIDTH, columns, natural)
  const excessOf = (all: readonly number[]): number => Math.max(0, totalOf(kept, all) - room)
  const [excess, usualExcess] = [excessOf(natural), excessOf(usual)]
  const widths = natural.map((wide, index) => {
    // A text that wraps, however long it is, takes no more from a name than what leaves it its usual width.
    const least = Math.max(LEAST_WIDTH, (usual[index] ?? wide) - usualExcess)
    return columns[index]?.shrinks ? Math.min(wide, Math.max(least, wide - excess)) : wide
  })
  return rows
    .map((row) =>
      kept
        .map((index, place) => {
          const { shrinks, wraps, align } = columns[index] ?? {}
          const text = row[index] ?? ""
          if (wraps) {
            const indent = kept.slice(0, place).reduce((sum, before) => sum + (widths[before] ?? 0) + 2, 0)
            return wrapped(text, indent, room)
          }
          const cell = shrinks === undefined ? text : cut(text, widths[index] ?? 0, shrinks)
          const blank = " ".repeat(Math.max(0, (widths[index] ?? 0) - width(cell)))
          return align === "right" ? blank + cell : cell + blank
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function fitting(columns: readonly Column[], natural: readonly number[], room: number): readonly number[] {
  const fitAt = (sets: readonly (readonly number[])[], most: number) =>
    sets.find((kept) => totalOf(kept, atMost(most, columns, natural)) <= room)
  const all = columns.map((_, index) => index)
  const goFirst = all
    .filter((index) => columns[index]?.expendable !== undefined)
    .toSorted((one, other) => (columns[other]?.expendable ?? 0) - (columns[one]?.expendable ?? 0))
  const sets = [0, ...goFirst.map((_, index) => index + 1)].map((gone) =>
    all.filter((index) => !goFirst.slice(0, gone).includes(index)),
  )
  const usual = goFirst.filter((index) => columns[index]?.expendable !== 0).length
  return (
    fitAt(sets.slice(0, usual + 1), USUAL_WIDTH) ??
    fitAt(sets.slice(usual), LEAST_WIDTH) ??
    sets.at(-1) ??
    all
  )
}

/** The widths where those that can be narrower are no wider than this. */
function atMost(most: number, columns: readonly Column[], natural: readonly number[]): readonly number[] {
  return natural.map((wide, index) => {
    const { shrinks, wraps } = columns[index] ?? {}
    return shrinks !== undefined || wraps ? Math.min(wide, most) : wide
  })
}

function totalOf(kept: readonly number[], widths: readonly number[]): number {
  return kept.reduce((sum, index) => sum + (widths[index] ?? 0) + 2, -2)
}

const USUAL_WIDTH = 24
const LEAST_WIDTH = 8

/** Within its colours. */
function cut(cell: string, room: number, side: "left" | "right"): string {
  const plain = stripVTControlCharacters(cell)
  // By a function: a name may hold `$&`, which a text would be read for.
  return cell.replace(plain, () => cutTo(plain, room, side))
}

function width(cell: string): number {
  return cellsOf(stripVTControlCharacters(cell))
}

/** Stands for a space that a pair of backticks holds: no text that is shown has one. */
const HELD = "\u0000"

/** See `Terminal.wrap`. */
function wrapped(text: string, indent: number, columns = Infinity): string {
  const room = Math.max(20, columns - indent)
  const lines = [""]
  const held = text.replaceAll(/`[^`]*`/g, (typed) => typed.replaceAll(" ", HELD))
  for (const part of held.split(" ")) {
    const word = part.replaceAll(HELD, " ")
    const line = lines.at(-1) ?? ""
    if (line === "") lines[lines.length - 1] = word
    else if (width(line) + 1 + width(word) <= room) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${" ".repeat(indent)}`)
}
