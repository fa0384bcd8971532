import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { applyEdits, type JSONPath, modify, parse, type ParseError } from "jsonc-parser"
import { readSmallFile } from "../../settings/index.ts"

/** What `--fix` does. Each says what it did; what it changes has a copy beside it, or goes on under another name. */

export interface Edit {
  readonly path: JSONPath
  /** `undefined` takes it out. */
  readonly value: unknown
  /** Puts `value` into the list at `path`. */
  readonly insert?: true
}

/** Comments, order and spacing of the rest stay as they are. */
export function editConfig(file: string, edits: readonly Edit[], unique: string): readonly string[] {
  const read = readSmallFile(file)
  if (read.state === "failed") throw new Error(`${file} ${read.message}`)
  const before = read.state === "text" ? read.text.replace(/^\uFEFF/, "") : "{}\n"
  if (!isJsonc(before)) throw new Error(`${file} is not JSON: correct it first`)
  const after = edits.reduce(applyEdit, before)
  if (after === before) return []
  const done: string[] = []
  if (read.state === "text") {
    const backup = `${file}.${unique}.bak`
    copyFileSync(file, backup)
    done.push(`kept ${file} as ${backup}`)
  }
  mkdirSync(dirname(file), { recursive: true })
  // In its place: a link to a file in a folder of dotfiles stays one.
  writeFileSync(file, after)
  return [...done, ...edits.map(({ path, value, insert }) => sayEdit(file, path, value, insert))]
}

function isJsonc(text: string): boolean {
  const errors: ParseError[] = []
  parse(text, errors, { allowTrailingComma: true })
  return errors.length === 0
}

function applyEdit(text: string, { path, value, insert }: Edit): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2 }
  const at = insert === true ? [...path, -1] : path
  const options = { formattingOptions, ...(insert === true && { isArrayInsertion: true }) }
  return applyEdits(text, modify(text, at, value, options))
}

function sayEdit(file: string, path: JSONPath, value: unknown, insert: true | undefined): string {
  const key = path.join(".")
  if (value === undefined) return `took ${key} out of ${file}`
  return `${insert === true ? "added" : "set"} ${JSON.stringify(value)} ${insert === true ? "to" : "as"} ${key} in ${file}`
}

export function makePrivate(file: string): readonly string[] {
  chmodSync(file, 0o600)
  return [`made ${file} readable by you alone`]
}

/** A folder that an open window of OpenCode still reads from goes on under its new name. */
export function renameAway(folder: string, unique: string): readonly string[] {
  if (!existsSync(folder)) return []
  const away = `${folder}.${unique}.old`
  renameSync(folder, away)
  return [`renamed ${folder} to ${away}`]
}
