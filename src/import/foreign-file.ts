import { randomUUID } from "node:crypto"
import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { parseJson } from "../json.ts"

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
