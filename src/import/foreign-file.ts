import { randomUUID } from "node:crypto"
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { isObject, parseJson } from "../json.ts"

export type FileText =
  | { readonly state: "text"; readonly text: string }
  | { readonly state: "missing" }
  | { readonly state: "failed"; readonly message: string }

/** A token or registration file of another program is a few kilobytes; anything larger is something else. */
const LARGEST_BYTES = 1_000_000

/** The text of another program's small file; never throws. */
export function readText(file: string): FileText {
  try {
    const stat = statSync(file, { throwIfNoEntry: false })
    if (stat === undefined) return { state: "missing" }
    if (!stat.isFile()) return { state: "failed", message: "is not a file" }
    if (stat.size > LARGEST_BYTES) return { state: "failed", message: "is too large" }
    return { state: "text", text: readFileSync(file, "utf8") }
  } catch (error) {
    return { state: "failed", message: `can't be read (${errorCode(error)})` }
  }
}

/** Replaces the file whole, with its own mode: a reader sees the old text or the new one. Throws what the disk says. */
export function replaceText(file: string, text: string): void {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    const { mode } = statSync(file)
    writeFileSync(temporary, text, { mode: 0o600, flush: true })
    chmodSync(temporary, mode & 0o777)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Whether the text is a whole JSON document; a file that is being written is not, for a moment. */
export function isWhole(text: string): boolean {
  return parseJson(text) !== undefined
}

export function errorCode(error: unknown): string {
  if (isObject(error) && typeof error["code"] === "string") return error["code"]
  return error instanceof Error ? error.name : "unknown"
}
