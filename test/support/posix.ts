import assert from "node:assert/strict"
import { statSync, symlinkSync } from "node:fs"
import type { TestContext } from "node:test"
import { systemCode } from "../../src/settings/index.ts"

/** Given as a test's options: why it is skipped on Windows. */
export const needsModes = onPosix("Windows has no mode bits")
export const needsNoHold = onPosix("Windows neither moves nor removes a file that is open")
export const needsLinks = onPosix("Windows lets no plain user make links")
export const needsPipes = onPosix("Windows keeps no pipe among its files")
export const needsShell = onPosix("Windows has no sh")
export const needsPosixPaths = onPosix("its place says that it is Linux, and the paths are those of Windows")
export const needsSignals = onPosix("Windows stops no process and lets it go on")

/** Given in the same way: why it mounts nothing. */
export const needsMount = {
  skip: !(process.platform === "linux" && process.getuid?.() === 0) && "only root on Linux may mount",
}

/** Only its owner reads a file. On Windows that is a matter of the folder that it lies in. */
export function assertPrivate(path: string): void {
  if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600, path)
}

/** A link to a folder, which Windows too lets anybody make; Wine makes none, and a test goes no further there. */
export function linkFolder(target: string, path: string, test: Pick<TestContext, "skip">): boolean {
  try {
    symlinkSync(target, path, "junction")
    return true
  } catch (error) {
    if (systemCode(error) !== "ENOTSUP") throw error
    test.skip("Wine makes no link to a folder")
    return false
  }
}

/** Without these no program starts on Windows, or its Node not as the one that runs the tests. */
const OF_WINDOWS = ["SystemRoot", "ComSpec", "PATHEXT", "TEMP", "NODE_OPTIONS"]

/** What a program needs of the caller's environment to start, and nothing else. */
export function startEnvironment(): Record<string, string> {
  const names = ["PATH", ...(process.platform === "win32" ? OF_WINDOWS : [])]
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""]))
}

function onPosix(reason: string): { readonly skip?: string } {
  return process.platform === "win32" ? { skip: reason } : {}
}
