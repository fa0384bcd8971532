import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { removeFolder } from "./secrets.ts"

const folders: string[] = []

/**
 * A folder of the test's own, gone at the end of the process: a hook would run too early for a folder made in another
 * hook. A secret where none belongs fails the run.
 */
export function temporaryFolder(below: string = tmpdir()): string {
  if (folders.length === 0) process.once("exit", removeAll)
  const folder = mkdtempSync(join(below, "kiro-test-"))
  folders.push(folder)
  return folder
}

function removeAll(): void {
  for (const folder of folders) removeAtExit(folder)
}

/** Removes a folder while the process ends. What is thrown then changes nothing: a secret fails the run by its exit code. */
export function removeAtExit(folder: string): void {
  try {
    removeFolder(folder)
  } catch (error) {
    process.exitCode = 1
    console.error(error)
  }
}
