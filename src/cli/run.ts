import type { Place } from "../settings/index.ts"
import { VERSION } from "../version.ts"
import { listAccounts } from "./accounts.ts"
import { changeAccount } from "./change-account.ts"
import { type Command, readCommandLine, UsageError } from "./command-line.ts"
import { type Context, openContext } from "./context.ts"
import { examine } from "./doctor/doctor.ts"
import { programRunner } from "./doctor/run-program.ts"
import { redirectingDotenv } from "./dotenv.ts"
import { HELP } from "./help.ts"
import { takeLogins } from "./import.ts"
import { accountProfile } from "./profile.ts"
import type { Terminal } from "./terminal.ts"
import { showUsage } from "./usage.ts"

/** 0: done, nothing wrong. 1: something is wrong, or failed. 2: the command line is off. */
export type ExitCode = 0 | 1 | 2

export interface RunOptions {
  readonly args: readonly string[]
  readonly place: Place
  /** The folder where the command was called. */
  readonly directory: string
  readonly terminal: Terminal
}

/** The whole command as a function: it reaches for nothing of its process. */
export async function runCommand({ args, place, directory, terminal }: RunOptions): Promise<ExitCode> {
  try {
    return (await execute(readCommandLine(args), { place, directory, terminal })) ? 0 : 1
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    terminal.err(`${terminal.paint("bad", "✗")} ${message}`)
    if (args.includes("--json")) terminal.out(JSON.stringify({ error: message }, null, 2))
    if (!(error instanceof UsageError)) return 1
    terminal.err("Run it with --help to see what it takes.")
    return 2
  }
}

async function execute(
  command: Command,
  { place, directory, terminal }: Omit<RunOptions, "args">,
): Promise<boolean> {
  if (command.name === "help" || command.name === "version") {
    terminal.out(command.name === "help" ? HELP : VERSION)
    return true
  }
  // Bun alone reads such files by itself.
  const trouble = "Bun" in globalThis ? redirectingDotenv(directory, place.env) : undefined
  if (trouble !== undefined) throw new Error(trouble)
  const quiet = command.name === "doctor"
  const rehearse = command.name === "import" && command.dryRun
  const context = await openContext(place, terminal, { quiet, rehearse })
  try {
    const done = await obey(context, command, directory)
    if (rehearse || !changesAccounts(command) || !context.hasLost()) return done
    const failed = `Nothing was kept: ${context.paths.database} can't be written.`
    terminal.err(`${terminal.paint("bad", "✗")} ${failed}`)
    return false
  } finally {
    await context.close()
  }
}

function changesAccounts(command: Command): boolean {
  const { name } = command
  if (name === "profile") return command.arn !== undefined
  return ["import", "label", "enable", "disable", "remove"].includes(name)
}

async function obey(
  context: Context,
  command: Exclude<Command, { name: "help" | "version" }>,
  directory: string,
): Promise<boolean> {
  switch (command.name) {
    case "accounts":
      await listAccounts(context, command)
      return true
    case "label":
    case "enable":
    case "disable":
    case "remove":
      await changeAccount(context, command)
      return true
    case "profile":
      await accountProfile(context, command)
      return true
    case "usage":
      return await showUsage(context, command)
    case "import":
      return await takeLogins(context, command)
    case "doctor":
      return await examine(context, { ...command, directory, run: programRunner(context.place) })
    default:
      return command satisfies never
  }
}
