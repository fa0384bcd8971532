import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { beginning, plainText, present } from "../json.ts"
import type { Clock, Log, LogFields } from "../runtime.ts"
import { setMode } from "./files.ts"
import type { Settings } from "./schema.ts"

export type LogLevel = Settings["logLevel"]

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"]
const MAX_FILE_BYTES = 2 * 1024 * 1024
const MAX_LINE_CHARACTERS = 64 * 1024

export interface LogOptions {
  readonly path: string
  /** The least important level that is written. */
  readonly level: LogLevel
  readonly clock: Pick<Clock, "now">
  /** A file that would grow beyond it becomes the one older generation, `<path>.1`. */
  readonly maxFileBytes?: number
}

/**
 * The log file: one JSON object a line, 0600, redacted. The file is made by the first line, so that who never logs
 * anything finds none. Where the file can't be written the line is dropped and the next one that can says how many.
 */
export function openLog(options: LogOptions): Log {
  const lowest = LEVELS.indexOf(options.level)
  let dropped = 0
  const line = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (LEVELS.indexOf(level) < lowest) return
    const text = formatLine({ level, message, at: options.clock.now(), fields, dropped })
    // A full disk may have taken half of the one before.
    dropped = append(options, dropped === 0 ? text : `\n${text}`) ? 0 : dropped + 1
  }
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") }
}

function formatLine(entry: {
  readonly level: LogLevel
  readonly message: string
  readonly at: number
  readonly fields: LogFields | undefined
  readonly dropped: number
}): string {
  const head = {
    at: new Date(entry.at).toISOString(),
    level: entry.level,
    pid: process.pid,
    message: redactText(entry.message),
  }
  const lost = entry.dropped === 0 ? {} : { linesLost: entry.dropped }
  const text = serialize({ ...head, ...lost, ...entry.fields }) ?? JSON.stringify({ ...head, ...lost })
  if (text.length <= MAX_LINE_CHARACTERS) return `${text}\n`
  return `${JSON.stringify({ ...head, ...lost, cut: text.slice(0, MAX_LINE_CHARACTERS / 2) })}\n`
}

/** `undefined` for fields that JSON can't hold, such as a circle: the line goes without them. */
function serialize(line: object): string | undefined {
  try {
    return JSON.stringify(line, redactField)
  } catch {
    return undefined
  }
}

function append({ path, maxFileBytes = MAX_FILE_BYTES }: LogOptions, text: string): boolean {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    // A pipe that nobody reads would be waited for, by all that runs in this process.
    if (stat?.isFile() === false) return false
    const size = stat?.size
    if (size === undefined) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    else if (size + text.length > maxFileBytes) makeRoom(path, size + text.length < 2 * maxFileBytes)
    appendFileSync(path, text, { mode: 0o600 })
    if (size === undefined) setMode(path, 0o600)
    return true
  } catch {
    // There is no place left to tell of it: the caller counts the line as lost.
    return false
  }
}

/** Windows moves no file that somebody looks at: where there is still room, the log goes on in it. */
function makeRoom(path: string, hasRoom: boolean): void {
  try {
    renameSync(path, `${path}.1`)
  } catch (error) {
    if (!hasRoom) throw error
  }
}

const SECRET = "[secret]"

/** Names of fields whose text is never written, whatever it is. */
const SECRET_FIELD = /token|secret|password|authorization|cookie|api[-_]?key/i

/** The shapes of Kiro's and AWS's credentials, where a text from elsewhere carries one. */
const SECRET_SHAPES = [
  /\bksk_[\w-]{4,}/g,
  /\bao[ar][A-Za-z]?[A-Z0-9][\w+/=:.-]{20,}/g,
  /\beyJ[\w-]{8,}(?:\.[\w-]+)*/g,
  // Kiro itself says "the bearer token included in the request is invalid".
  /(?<=\bBearer\s)(?!tokens?(?:\s|$))\S+/gi,
]

/** The look behind makes it linear: no second try begins inside a run of letters that had no `@`. */
const EMAIL = /(?<![\w.+'-])[\w.+'-]+@[\w-]+(?:\.[\w-]+)+/g

/** As Kiro names a person in the text of a refusal. */
const USER_ID = /\bd-[0-9a-f]{10}\.[0-9a-f]{8}-[\w-]+/g

/** The text without anything that looks like a credential, a user id or an e-mail address. */
export function redactText(text: string): string {
  return SECRET_SHAPES.reduce((rest, shape) => rest.replaceAll(shape, SECRET), text)
    .replaceAll(USER_ID, "[user id]")
    .replaceAll(EMAIL, "[e-mail]")
}

const LONGEST_WORDS = 200

/** Somebody else's words, to stand in a sentence of ours: the same on one line, cut, and nothing that a screen obeys. */
export function wordsOf(text: string): string {
  return beginning(redactText(plainText(text)), LONGEST_WORDS)
}

/** For `JSON.stringify`: errors become their name and message, texts are redacted, secret fields are blanked. */
function redactField(key: string, value: unknown): unknown {
  if (typeof value === "string") return SECRET_FIELD.test(key) ? SECRET : redactText(value)
  if (typeof value === "bigint") return String(value)
  if (!(value instanceof Error)) return value
  const { name, message, cause } = value
  return { name, message, ...present({ cause }) }
}
