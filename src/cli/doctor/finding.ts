import type { Account, NoToken, StoreFailure } from "../../accounts/index.ts"
import type { Context } from "../context.ts"

/** `problem` makes the command fail; `note` is worth knowing; `good` was looked at and is well. */
export type Finding =
  | { readonly level: "good" | "note"; readonly text: string }
  | { readonly level: "problem"; readonly text: string; readonly remedy: string }

export interface DoctorContext extends Context {
  /** The folder where the command was called. */
  readonly directory: string
  readonly run: RunProgram
  /** Why kiro.db can't be used; then nothing opens it, and there are no accounts to look at. */
  readonly databaseTrouble: StoreFailure | undefined
  readonly accounts: readonly ExaminedAccount[]
}

/** An account, after its token was renewed where it had to be, and the service was asked for its usage. */
export interface ExaminedAccount {
  readonly account: Account
  /** Why there is no access token for it just now. */
  readonly noToken?: NoToken
}

/** One thing to look at. It never rejects for what it looks at: trouble is a finding. */
export interface Check {
  /** The heading of its findings. */
  readonly title: string
  look(context: DoctorContext): Promise<readonly Finding[]>
}

export type ProgramResult =
  | { readonly code: number; readonly stdout: string }
  /** Not installed, or it took too long. */
  | { readonly code: undefined }

/** Runs a program without letting a shell see its arguments. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<ProgramResult>

export const good = (text: string): Finding => ({ level: "good", text })
export const note = (text: string): Finding => ({ level: "note", text })
export const problem = (text: string, remedy: string): Finding => ({ level: "problem", text, remedy })
