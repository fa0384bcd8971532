import { chmodSync, lstatSync, readFileSync, statSync } from "node:fs"
import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { isObject } from "../json.ts"

export type SmallFile =
  | { readonly state: "text"; readonly text: string }
  | { readonly state: "missing" }
  /** `message` goes on after the file's name: "is too large". */
  | { readonly state: "failed"; readonly message: string }

/** Every file that is read whole here is some kilobytes; anything larger is something else. */
const LARGEST_BYTES = 4_000_000

/**
 * The text of a small file; never throws. Only a regular file is opened: a repository may hold a link to a device that
 * never ends.
 */
export function readSmallFile(file: string): SmallFile {
  try {
    const stat = statSync(file, { throwIfNoEntry: false })
    if (stat === undefined) return { state: "missing" }
    if (!stat.isFile()) return { state: "failed", message: "is not a file" }
    if (stat.size > LARGEST_BYTES) return { state: "failed", message: "is too large" }
    return textOf(readFileSync(file))
  } catch (error) {
    const code = systemCode(error)
    // It went between the two calls.
    return code === "ENOENT" ? { state: "missing" } : { state: "failed", message: `can't be read (${code})` }
  }
}

/** Without the mark that programs of Windows put before a text. PowerShell 5 writes `> file` in UTF-16. */
function textOf(bytes: Buffer): SmallFile {
  if (bytes[0] === 0xff && bytes[1] === 0xfe)
    return { state: "failed", message: "is in UTF-16: save it as UTF-8" }
  return { state: "text", text: bytes.toString("utf8").replace(/^\uFEFF/, "") }
}

/** Changes whenever the file does, or another takes its place; never throws. */
export function fileStamp(file: string): string {
  try {
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat === undefined ? "-" : `${stat.ino}:${stat.mtimeMs}:${stat.size}`
  } catch (error) {
    // A folder that may not be looked into, a link to itself.
    return systemCode(error)
  }
}

/** Whether a name stands for another file, which need not be there. */
export function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
  } catch {
    return false
  }
}

export function systemCode(error: unknown): string {
  if (isObject(error) && typeof error["code"] === "string") return error["code"]
  return error instanceof Error ? error.name : "unknown"
}

/**
 * What is said where files of the plugin itself can't be loaded, as most are with the first message: the text is there from
 * the start. Node does not try again what it failed to load once.
 */
export function loadingTrouble(error: unknown): string {
  return isOutOfHandles(error)
    ? "Kiro: OpenCode may open no more files. Raise its limit, as by `ulimit -n 4096` in the shell that starts it, then restart OpenCode."
    : `Kiro: files of the plugin can't be loaded (${systemCode(error)}). Restart OpenCode.`
}

/** Whether the process, or the machine, has all the files open that it may. Of a module Bun says so in words alone. */
export function isOutOfHandles(error: unknown): boolean {
  return /^E[MN]FILE\b/.test(error instanceof Error ? error.message : "")
}

/** Windows has no such modes, and refuses to set one on a file that another process has mapped. */
export function setMode(path: string, mode: number): void {
  if (process.platform !== "win32") chmodSync(path, mode)
}

/**
 * Replaces a file whole, for its owner alone: a reader sees the old text or the new one, never a part. `unique` tells
 * two writers of one moment apart. Rejects with the error of the file system; the old file then stands.
 */
export async function replaceFile({
  path,
  text,
  unique,
}: {
  readonly path: string
  readonly text: string
  readonly unique: string
}): Promise<void> {
  const draft = `${path}.${unique}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(draft, text, { mode: 0o600 })
    setMode(draft, 0o600)
    await moveAgainWhileHeld(() => rename(draft, path))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

const HELD = ["EBUSY", "EPERM", "EACCES"]
const TRIES = 8
const FIRST_WAIT_MS = 5

/**
 * Windows moves nothing over a file that another program has open, as a scanner or a reader has for a moment: then it
 * is tried again, for less than a second. Elsewhere these errors say what stays so.
 */
export async function moveAgainWhileHeld(
  move: () => Promise<void>,
  platform: string = process.platform,
): Promise<void> {
  for (let tried = 1; ; tried += 1)
    try {
      return await move()
    } catch (error) {
      if (platform !== "win32" || tried === TRIES || !HELD.includes(systemCode(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** (tried - 1)))
    }
}
