import assert from "node:assert/strict"
import { statSync } from "node:fs"

/** Given as a test's options: why it is skipped on Windows. */
export const needsModes = onPosix("Windows has no mode bits")
export const needsNoHold = onPosix("Windows neither moves nor removes a file that is open")
export const needsLinks = onPosix("Windows lets no plain user make links")
export const needsSignals = onPosix("Windows stops no process and lets it go on")

/** Only its owner reads a file. On Windows that is a matter of the folder that it lies in. */
export function assertPrivate(path: string): void {
  if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600, path)
}

function onPosix(reason: string): { readonly skip?: string } {
  return process.platform === "win32" ? { skip: reason } : {}
}
