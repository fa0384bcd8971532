import { type Account, accountName, kindName, labelOf, sourceTrouble } from "../accounts/index.ts"
import { importLogins, type ImportOutcome } from "../import/index.ts"
import { messageOf, present } from "../json.ts"
import type { Place } from "../settings/index.ts"
import { VERSION } from "../version.ts"
import { LEFT_OUT, listAccounts } from "./accounts.ts"
import { accountProfile, changeAccount } from "./change-account.ts"
import { type Command, helpText, readCommandLine, UsageError } from "./command-line.ts"
import {
  commandHere,
  type Context,
  type Manner,
  mustBeKept,
  mustBeRead,
  openContext,
  redirectingDotenv,
} from "./context.ts"
import { examine } from "./doctor/doctor.ts"
import type { RunProgram } from "./doctor/finding.ts"
import { programRunner } from "./doctor/programs.ts"
import type { Terminal } from "./terminal.ts"
import { updatePlugin } from "./update.ts"
import { showBudget, showHistory, showUsage } from "./usage.ts"

/** 0: done, nothing wrong. 1: something is wrong, or failed. 2: the command line is off. */
export type ExitCode = 0 | 1 | 2

export interface RunOptions {
  readonly args: readonly string[]
  readonly place: Place
  /** The folder where the command was called. */
  readonly directory: string
  readonly terminal: Terminal
  /** Absent: it starts the programs of the user's PATH. */
  readonly run?: RunProgram
}

/** The whole command as a function: it reaches for nothing of its process. */
export async function runCommand({ args, ...at }: RunOptions): Promise<ExitCode> {
  const { terminal } = at
  try {
    return (await execute(readCommandLine(args), at)) ? 0 : 1
  } catch (error) {
    const message = messageOf(error)
    terminal.err(`${terminal.paint("bad", "✗")} ${terminal.wrap(message, 2)}`)
    if (args.includes("--json")) terminal.json({ error: message })
    if (!(error instanceof UsageError)) return 1
    terminal.err("Run it with --help to see what it takes.")
    return 2
  }
}

type At = Omit<RunOptions, "args">

async function execute(command: Command, at: At): Promise<boolean> {
  const { place, directory, terminal } = at
  if (command.name === "help" || command.name === "version") {
    terminal.out(command.name === "help" ? helpText(commandHere(place)) : VERSION)
    return true
  }
  // Bun alone reads such files by itself.
  const trouble = "Bun" in globalThis ? redirectingDotenv(directory, place.env) : undefined
  if (trouble !== undefined) throw new Error(trouble)
  const manner = command.name === "import" && command.dryRun ? "rehearsal" : MANNERS[command.name]
  const context = await openContext(place, terminal, manner ?? "work")
  try {
    return await obey(context, command, at)
  } finally {
    await context.close()
  }
}

/** A diagnosis changes nothing; what --fix and --live do, they do by hand. */
const MANNERS: { readonly [name in Command["name"]]?: Manner } = {
  doctor: "diagnosis",
  enable: "decision",
  accounts: "view",
  usage: "view",
  budget: "view",
}

/** Whether its answer would be wrong where kiro.db holds something that nobody can read. */
function isOfWhatIsKept(command: Command): boolean {
  if (command.name === "budget") return !command.lift
  return !["import", "doctor", "update"].includes(command.name)
}

async function obey(
  context: Context,
  command: Exclude<Command, { name: "help" | "version" }>,
  { place, directory, run = programRunner(place) }: At,
): Promise<boolean> {
  if (isOfWhatIsKept(command)) await mustBeRead(context)
  switch (command.name) {
    case "accounts":
      await listAccounts(context, command)
      return true
    case "label":
    case "enable":
    case "disable":
    case "remove":
      return await changeAccount(context, command)
    case "profile":
      return await accountProfile(context, command)
    case "usage":
      return await showUsage(context, command)
    case "history":
      await showHistory(context, command)
      return true
    case "budget":
      await showBudget(context, command)
      return true
    case "import":
      return await takeLogins(context, command)
    case "doctor":
      return await examine(context, command, { directory, run })
    case "update":
      return await updatePlugin(context, command, { directory, run })
    default:
      return command satisfies never
  }
}

/** Takes the logins of other programs; of a rehearsal it shows what would be taken. */
async function takeLogins(
  context: Context,
  { dryRun, json }: { readonly dryRun: boolean; readonly json: boolean },
): Promise<boolean> {
  const { store, sources, runtime, terminal, tokens } = context
  const taken = await importLogins({ store, sources, clock: runtime.clock, byUser: true, tokens })
  mustBeKept(context)
  if (json) terminal.json({ dryRun, ...documentOf(taken, dryRun) })
  else for (const line of linesOf(taken, context, dryRun)) terminal.out(terminal.wrap(line, 2))
  for (const problem of json ? [] : taken.problems) terminal.warn(`${sourceTrouble(problem)}.`)
  return taken.problems.length === 0
}

/** An account that was not added has no short id that will ever be seen again. */
function kindOf(account: Account): string {
  return labelOf(account) ?? kindName(account)
}

function documentOf({ added, updated, unchanged, problems }: ImportOutcome, dryRun: boolean) {
  const names = (accounts: readonly Account[]): readonly string[] => accounts.map(accountName)
  return {
    added: dryRun ? added.map(kindOf) : names(added),
    updated: names(updated),
    unchanged: names(unchanged),
    problems: problems.map(({ source, file, key, message }) => ({
      source,
      file,
      ...present({ key }),
      message,
    })),
  }
}

function linesOf(
  { added, updated, unchanged }: ImportOutcome,
  { settings }: Context,
  dryRun: boolean,
): readonly string[] {
  const say = (accounts: readonly Account[], done: string): string[] =>
    accounts.map((account) => `${accountName(account)}: ${done}`)
  const lines = [
    ...(dryRun ? added.map((account) => `${kindOf(account)}: would be added`) : say(added, "added")),
    ...say(updated, dryRun ? "would be brought up to date" : "brought up to date"),
    ...say(unchanged, "nothing new"),
  ]
  if (lines.length > 0) return lines
  const [first, leftOut] = settings.autoSyncKiroCli ? ["kiro-cli, ", ""] : ["", LEFT_OUT]
  return [`Found no login of ${first}Kiro IDE, an older plugin or KIRO_API_KEY${leftOut}.`]
}
