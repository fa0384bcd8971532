import type { Account, StoreFailure } from "../../accounts/index.ts"
import { present } from "../../json.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import type { Context } from "../context.ts"
import type { ConfigFile } from "./opencode-config.ts"
import type { PluginEntry } from "./plugin-list.ts"

/** `problem` makes the command fail; `note` is worth knowing; `good` was looked at and is well. */
export type Finding =
  | { readonly level: "good" | "note"; readonly text: string }
  | {
      readonly level: "problem"
      readonly text: string
      readonly remedy: string
      readonly mend?: Mend
    }

/**
 * Mends it without asking anybody, and says each thing as soon as it is done: it may throw at a later one. Only `--fix`
 * calls it.
 */
export type Mend = () => Iterable<string>

/** Where the command was called, and what runs other programs for it. */
export interface DoctorCall {
  /** The folder where the command was called. */
  readonly directory: string
  readonly run: RunProgram
}

export interface DoctorContext extends Context, DoctorCall {
  /** The end of the names of the copies that this run keeps. */
  readonly stamp: string
  /** OpenCode's version, where it is on the PATH. */
  readonly opencode: string | undefined
  readonly published: Published
  readonly configs: readonly ConfigFile[]
  /** The plugins that OpenCode loads. */
  readonly entries: readonly PluginEntry[]
  /** Those that stand where this OpenCode does not look. */
  readonly passedOver: readonly PluginEntry[]
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
  /** Kiro lets it not ask what it has used, and so not whose it is. */
  readonly isUntold?: boolean
}

/** One thing to look at. It never rejects for what it looks at: trouble is a finding. */
export interface Check {
  /** The heading of its findings. */
  readonly title: string
  look(context: DoctorContext): Promise<readonly Finding[]>
}

export const good = (text: string): Finding => ({ level: "good", text })
export const note = (text: string): Finding => ({ level: "note", text })

export function problem(text: string, remedy: string, mend?: Mend): Finding {
  return { level: "problem", text, remedy, ...present({ mend }) }
}

/** The `stamp` of a run that begins now. */
export function stampOf({ runtime }: Pick<DoctorContext, "runtime">): string {
  return new Date(runtime.clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")
}
