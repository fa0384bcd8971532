import { styleText } from "node:util"

export type Tone = "good" | "warning" | "bad" | "muted" | "strong"

/** Where a command writes. `json` commands write one document to `out` and nothing else there. */
export interface Terminal {
  readonly columns: number
  out(text: string): void
  /** Progress and errors: never part of what a pipe reads. */
  err(text: string): void
  paint(tone: Tone, text: string): string
  /** Shows `text` while it waits, where a person watches; wiped when the work is done. */
  progress<Result>(text: string, work: () => Promise<Result>): Promise<Result>
}

interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface TerminalInput {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: { readonly [name: string]: string | undefined }
}

const STYLES = { good: "green", warning: "yellow", bad: "red", muted: "dim", strong: "bold" } as const
const WIPE_LINE = "\r\u001B[2K"

/** Colours only for a person: none in a pipe, none under NO_COLOR; FORCE_COLOR insists. */
export function createTerminal({ stdout, stderr, env }: TerminalInput): Terminal {
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0"
  const colourful = (env["NO_COLOR"] ?? "") === "" && (forced || stdout.isTTY === true)
  return {
    columns: stdout.columns ?? 100,
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    paint: (tone, text) => (colourful ? styleText(STYLES[tone], text, { validateStream: false }) : text),
    async progress(text, work) {
      if (stderr.isTTY !== true) return await work()
      stderr.write(`${text} …`)
      try {
        return await work()
      } finally {
        stderr.write(WIPE_LINE)
      }
    },
  }
}
