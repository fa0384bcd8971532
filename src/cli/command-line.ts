import { parseArgs, type ParseArgsConfig } from "node:util"
import { readLabel } from "../accounts/index.ts"
import { present } from "../json.ts"

const USAGE_GROUPS = ["day", "model", "account", "session", "project", "purpose"] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]

/** What the command line asks for. */
export type Command = Help | { readonly name: "version" } | (Asked & { readonly json: boolean })

interface Help {
  readonly name: "help"
}

type Asked =
  | { readonly name: "accounts" }
  | { readonly name: "label"; readonly account: string; readonly label: string }
  | { readonly name: "enable" | "disable" | "remove"; readonly account: string }
  /** `choice`: an ARN, or its number in the list. */
  | { readonly name: "profile"; readonly account: string; readonly choice?: string }
  | { readonly name: "usage" }
  | { readonly name: "history"; readonly days: number; readonly by: UsageGroup; readonly csv: boolean }
  | { readonly name: "budget"; readonly lift: boolean }
  | { readonly name: "import"; readonly dryRun: boolean }
  | {
      readonly name: "doctor"
      readonly report: boolean
      readonly fix: boolean
      readonly live: boolean
      /** Consent to what would be asked. */
      readonly yes: boolean
    }
  | { readonly name: "update" }

export type DoctorCommand = Extract<Command, { name: "doctor" }>

/** The command line is off: the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

/** How a person signs in, in the words of the command. */
export const SIGN_IN = "`opencode auth login` (in OpenCode: /connect)"

const MOST_DAYS = 90

/** @throws UsageError */
export function readCommandLine(args: readonly string[]): Command {
  const { words, flags, values } = split([...args])
  if (flags.has("help")) return { name: "help" }
  if (flags.has("version")) return { name: "version" }
  const [name = "help", ...rest] = words
  const command = { ...readCommand(name, rest, { flags, values }), json: flags.has("json") }
  const [wrong] = [...flags, ...values.keys()].filter((flag) => !flagsOf(name).includes(flag))
  if (wrong !== undefined) throw new UsageError(`--${wrong} goes with ${commandsOf(wrong)}`)
  return command
}

type Flags = Readonly<NonNullable<ParseArgsConfig["options"]>>

const FLAGS_OF: Readonly<Record<string, Flags>> = {
  usage: { days: { type: "string" }, by: { type: "string" }, csv: { type: "boolean" } },
  import: { "dry-run": { type: "boolean" } },
  doctor: {
    report: { type: "boolean" },
    fix: { type: "boolean" },
    live: { type: "boolean" },
    yes: { type: "boolean", short: "y" },
  },
}
const COMMON_FLAGS: Flags = {
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
}
const FLAGS: Flags = Object.fromEntries(
  [...Object.values(FLAGS_OF), COMMON_FLAGS].flatMap((flags) => Object.entries(flags)),
)
const ALL_FLAGS = Object.keys(FLAGS)

interface Split {
  readonly words: readonly string[]
  readonly flags: ReadonlySet<string>
  readonly values: ReadonlyMap<string, string>
}

function split(args: string[]): Split {
  const wordsAt = new Map<number, string>()
  const flags = new Set<string>()
  const values = new Map<string, string>()
  // Not strict: its own errors do not say what was meant.
  const { tokens } = parseArgs({ args, options: FLAGS, tokens: true, strict: false })
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue
    const typed = args[token.index] ?? ""
    // A label may begin with a dash and a digit, which no option does: each of its letters is a token.
    if (token.kind === "positional" || !/^--?[a-z]/i.test(typed)) wordsAt.set(token.index, typed)
    else if (!ALL_FLAGS.includes(token.name))
      throw new UsageError(
        `there is no option "${token.rawName}"; ${meantOption(token.name, flagsOf([...wordsAt.values()][0]))}`,
      )
    else if (FLAGS[token.name]?.type === "boolean") {
      if (token.value !== undefined) throw new UsageError(`--${token.name} takes no value`)
      flags.add(token.name)
    } else if (token.value === undefined) throw new UsageError(`--${token.name} needs a value`)
    else values.set(token.name, token.value)
  }
  return { words: [...wordsAt.values()], flags, values }
}

const COMMANDS = ["accounts", "usage", "budget", "import", "doctor", "update", "help"]
const ACCOUNT_VERBS = ["list", "label", "enable", "disable", "remove", "profile"]
/** What people type for something that is done elsewhere. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["login", `sign in with: ${SIGN_IN}, then choose Kiro`],
  ["logout", "forget an account with: accounts remove ACCOUNT"],
  ["models", "list the models with: opencode models kiro"],
  ["status", "see: accounts, or doctor"],
])
/** What is called otherwise, as by `/kiro`. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["rename", "label"],
  ["on", "enable"],
  ["off", "disable"],
  ["delete", "remove"],
  ["rm", "remove"],
  ["upgrade", "update"],
])

function readCommand(
  name: string,
  rest: readonly string[],
  { flags, values }: Omit<Split, "words">,
): Asked | Help {
  switch (name) {
    case "help":
      return { name }
    case "accounts":
      return readAccounts(rest)
    case "usage":
      noMore(rest)
      return readUsage({ flags, values })
    case "budget": {
      const [verb, ...more] = rest
      noMore(more)
      if (verb !== undefined && verb !== "lift")
        throw new UsageError(`budget has no "${verb}"; ${meant(verb, ["lift"])}`)
      return { name, lift: verb === "lift" }
    }
    case "import":
      noMore(rest)
      return { name, dryRun: flags.has("dry-run") }
    case "doctor": {
      noMore(rest)
      const has = (flag: string): boolean => flags.has(flag)
      return { name, report: has("report"), fix: has("fix"), live: has("live"), yes: has("yes") }
    }
    case "update":
      noMore(rest)
      return { name }
    default: {
      const elsewhere = ELSEWHERE.get(name)
      const hint = elsewhere === undefined ? `; ${meant(name, COMMANDS)}` : `: ${elsewhere}`
      throw new UsageError(`there is no command "${name}"${hint}`)
    }
  }
}

function readAccounts(words: readonly string[]): Asked {
  const [verb, account, ...rest] = words
  if (verb === undefined || (verb === "list" && account === undefined)) return { name: "accounts" }
  if (!ACCOUNT_VERBS.includes(verb))
    throw new UsageError(`accounts has no "${verb}"; ${meant(verb, ACCOUNT_VERBS)}`)
  if (account === undefined)
    throw new UsageError(`accounts ${verb} needs an account, such as its short id: accounts lists them`)
  switch (verb) {
    case "label": {
      if (rest.length === 0)
        throw new UsageError('accounts label needs a text; "" gives the account its own name back')
      const read = readLabel(rest.join(" "))
      if (read.outcome === "refused") throw new UsageError(read.message)
      return { name: "label", account, label: read.label }
    }
    case "profile": {
      const [choice, ...more] = rest
      noMore(more)
      return { name: "profile", account, ...present({ choice }) }
    }
    case "enable":
    case "disable":
    case "remove":
      noMore(rest)
      return { name: verb, account }
    default:
      throw new UsageError(`"${[account, ...rest].join(" ")}" is too much`)
  }
}

function readUsage({ flags, values }: Omit<Split, "words">): Asked {
  if (values.size === 0 && !flags.has("csv")) return { name: "usage" }
  const days = Number(values.get("days") ?? 30)
  if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS)
    throw new UsageError(`--days must be a number from 1 to ${MOST_DAYS}`)
  const asked = values.get("by") ?? "model"
  const by = USAGE_GROUPS.find((group) => group === asked)
  if (by === undefined) throw new UsageError(`--by takes no "${asked}"; ${meant(asked, USAGE_GROUPS)}`)
  return { name: "history", days, by, csv: flags.has("csv") }
}

function noMore(rest: readonly string[]): void {
  if (rest.length > 0) throw new UsageError(`"${rest.join(" ")}" is too much`)
}

/** Those of a command; all where none was typed before. */
function flagsOf(name = ""): readonly string[] {
  return COMMANDS.includes(name) ? Object.keys({ ...FLAGS_OF[name], ...COMMON_FLAGS }) : ALL_FLAGS
}

function commandsOf(flag: string): string {
  return Object.keys(FLAGS_OF)
    .filter((name) => flagsOf(name).includes(flag))
    .join(" and ")
}

/** `did you mean …?` where one of the known words means the same or is near, else those that there are. */
function meant(typed: string, known: readonly string[]): string {
  const guess = known.find((word) => word === SYNONYMS.get(typed)) ?? nearest(typed, known)
  if (guess !== undefined) return `did you mean ${guess}?`
  return `${known.length === 1 ? "there is" : "there are"} ${known.join(", ")}`
}

/** The same of an option, which may be one of another command. */
function meantOption(typed: string, known: readonly string[]): string {
  const guess = nearest(typed, ALL_FLAGS)
  if (guess !== undefined) return `did you mean --${guess}?`
  return `there are ${known.map((flag) => `--${flag}`).join(", ")}`
}

function nearest(typed: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((word) => ({ word, distance: distance(typed.toLowerCase(), word) }))
    .toSorted((one, other) => one.distance - other.distance)
  if (best === undefined || best.distance > Math.max(1, Math.floor(best.word.length / 3))) return undefined
  return best.word
}

/** How many letters to add, drop, change, or swap with the next (optimal string alignment). */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1]
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      const swapped = isSwapped ? at(i - 2, j - 2) + 1 : Infinity
      row.push(Math.min(at(i, j - 1) + 1, at(i - 1, j) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1), swapped))
    }
  }
  return at(one.length, other.length)
}

export function helpText(command: string): string {
  return `The Kiro accounts of OpenCode. Here this command is:
  ${command} COMMAND

  accounts                        every account: state, credits, reset
  accounts label ACCOUNT TEXT     give it a name of your own ("": takes it away)
  accounts enable ACCOUNT         use it again, also after a suspension
  accounts disable ACCOUNT        keep it, but don't use it
  accounts remove ACCOUNT         forget it; kiro-cli stays signed in
  accounts profile ACCOUNT [N]    list its profiles, or choose one
  usage                           ask Kiro for the credits of every account
  usage --days 30 [--by WHAT]     what was spent: a bar per day, and a table by
                                  model, account, session, project, purpose
  budget [lift]                   today's budget; lift it until midnight
  import [--dry-run]              take the logins of kiro-cli and Kiro IDE
  doctor [--report]               what is wrong, and how to mend it
  doctor --fix                    mend what needs no question, with backups
  doctor --live                   send up to three tiny requests, after asking
  update                          have OpenCode install the plugin anew

ACCOUNT is the short id of the list (a1b2), a label, or the whole id.

Options
  --json       one JSON document instead of text, with every command
  --csv        usage: rows for a spreadsheet
  --dry-run    import: show what would be taken, change nothing
  --report     doctor: a redacted text to paste into an issue
  --yes        doctor --live: don't ask
  --help, --version

Exit codes
  0  done, nothing wrong
  1  something is wrong, or failed
  2  the command line is off

To sign in: ${SIGN_IN}, then choose Kiro.`
}
