import { existsSync, readdirSync, renameSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import type { Account, StoreFailure } from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import { systemCode } from "../../settings/index.ts"
import type { Context } from "../context.ts"
import type { ConfigFile, PluginEntry } from "./opencode-config.ts"

/** `problem` makes the command fail; `note` is worth knowing; `good` was looked at and is well. */
export type Finding =
  | { readonly level: "good" | "note"; readonly text: string }
  | {
      readonly level: "problem"
      readonly text: string
      readonly remedy: string
      /** Mends it without asking anybody, and says what was done; only `--fix` calls it. */
      readonly mend?: () => Promise<readonly string[]>
    }

export interface DoctorContext extends Context {
  /** The folder where the command was called. */
  readonly directory: string
  readonly run: RunProgram
  /** The end of the names of the copies that this run keeps. */
  readonly stamp: string
  /** OpenCode's version, where it is on the PATH. */
  readonly opencode: string | undefined
  readonly published: Published
  readonly configs: readonly ConfigFile[]
  readonly entries: readonly PluginEntry[]
  /** Why kiro.db can't be used; then nothing opens it, and there are no accounts to look at. */
  readonly databaseTrouble: StoreFailure | undefined
  readonly accounts: readonly ExaminedAccount[]
}

type ProgramResult =
  | { readonly outcome: "ended"; readonly code: number; readonly stdout: string }
  /** Not installed, or it took too long. */
  | { readonly outcome: "not-run" }

/** Runs a program without letting a shell see its arguments. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<ProgramResult>

/** What npm's registry has under this package's name. */
export type Published =
  | { readonly state: "version"; readonly version: string; readonly repository: string | undefined }
  | { readonly state: "nothing" }
  | { readonly state: "unknown" }

/** An account as the next message would meet it, and what Kiro says of it now. */
export interface ExaminedAccount {
  readonly account: Account
  /** It is not in kiro.db yet: the first message takes it in from where it was found. */
  readonly isNew: boolean
  /** Whether its access token is still good; one that has ended is renewed by the next message, not by a diagnosis. */
  readonly hasToken: boolean
  /** What the usage call failed with. */
  readonly failure?: KiroFailure
}

/** One thing to look at. It never rejects for what it looks at: trouble is a finding. */
export interface Check {
  /** The heading of its findings. */
  readonly title: string
  look(context: DoctorContext): Promise<readonly Finding[]>
}

export const good = (text: string): Finding => ({ level: "good", text })
export const note = (text: string): Finding => ({ level: "note", text })

export function problem(text: string, remedy: string, mend?: () => Promise<readonly string[]>): Finding {
  return { level: "problem", text, remedy, ...(mend !== undefined && { mend }) }
}

/** The `stamp` of a run that begins now. */
export function stampOf({ runtime }: Pick<DoctorContext, "runtime">): string {
  return new Date(runtime.clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")
}

/** What is typed to move a file away. */
export function moveAway(platform: string, path: string, ending: string): string {
  return `${platform === "win32" ? "move" : "mv"} "${path}" "${path}.${ending}"`
}

/** The folder that OpenCode made for one package. */
export function copyOf(folder: string): string {
  return dirname(dirname(folder))
}

/** A folder that an open window of OpenCode still reads from goes on under its new name, until the next time. */
export function renameAway(folder: string, stamp: string): readonly string[] {
  if (!existsSync(folder)) return []
  const away = `${folder}.${stamp}.old`
  try {
    renameSync(folder, away)
  } catch (error) {
    // Windows renames no folder of which a file is open.
    const what = `${folder} can't be renamed (${systemCode(error)})`
    throw new Error(`${what}: where OpenCode is open, close it first`, { cause: error })
  }
  return [`renamed ${folder} to ${away}`, ...formerCopies(folder, stamp).flatMap(removed)]
}

/** Those that went on under another name since an earlier day: by that name no window asks for a file. */
function formerCopies(folder: string, stamp: string): readonly string[] {
  const today = stamp.slice(0, 8)
  return readdirSync(dirname(folder))
    .filter((name) => name.startsWith(`${basename(folder)}.`))
    .filter((name) => {
      const [, day] = /\.(\d{8})T\d{6}\.old$/.exec(name.slice(basename(folder).length)) ?? []
      return day !== undefined && day < today
    })
    .map((name) => join(dirname(folder), name))
}

/** What is still held is left for another time. */
function removed(copy: string): readonly string[] {
  try {
    rmSync(copy, { recursive: true })
    return [`removed ${copy}, of an earlier update`]
  } catch {
    return []
  }
}
