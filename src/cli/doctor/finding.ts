import type { Context } from "../context.ts"

/** `problem` makes the command fail; `note` is worth knowing; `good` was looked at and is well. */
export type Finding =
  | { readonly level: "good" | "note"; readonly text: string }
  | { readonly level: "problem"; readonly text: string; readonly remedy: string }

export interface DoctorContext extends Context {
  /** The folder where the command was called. */
  readonly directory: string
  readonly run: RunProgram
}

/** One thing to look at. It never rejects for what it looks at: trouble is a finding. */
export interface Check {
  /** What is shown while it waits. */
  readonly title: string
  look(context: DoctorContext): Promise<readonly Finding[]>
}

export type ProgramResult =
  | { readonly code: number; readonly stdout: string }
  /** Not installed, or it took too long. */
  | { readonly code: undefined }

/** Runs a program without a shell. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<ProgramResult>

export const good = (text: string): Finding => ({ level: "good", text })
export const note = (text: string): Finding => ({ level: "note", text })
export const problem = (text: string, remedy: string): Finding => ({ level: "problem", text, remedy })
