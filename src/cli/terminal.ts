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
}

interface Stream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface TerminalInput {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: { readonly [name: string]: string | undefined }
}

const STYLES = { good: "green", warning: "yellow", bad: "red", muted: "dim", strong: "bold" } as const
const WIPE_LINE = "\r\u001B[2K"

/** Colours only for a person: none in a pipe, none under NO_COLOR or on a dumb terminal; FORCE_COLOR insists. */
export function createTerminal({ stdout, stderr, env }: TerminalInput): Terminal {
  const writeTo = (stream: Stream) => (text: string) => {
    const line = isColourful(stream, env) ? text : stripVTControlCharacters(text)
    stream.write(`${line}\n`)
  }
  return {
    out: writeTo(stdout),
    err: writeTo(stderr),
    paint: (tone, text) => styleText(STYLES[tone], text, { validateStream: false }),
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

/** https://no-color.org; FORCE_COLOR as in Node. */
function isColourful(stream: Stream, env: TerminalInput["env"]): boolean {
  if ((env["NO_COLOR"] ?? "") !== "") return false
  const forced = env["FORCE_COLOR"]
  if (forced !== undefined) return forced !== "0" && forced !== "false"
  return stream.isTTY === true && env["TERM"] !== "dumb"
}
