import { readdirSync } from "node:fs"
import { join } from "node:path"
import { describeNotice, type Notice, type SourceStore } from "../accounts/index.ts"
import { openAccounts, type OpenAccounts } from "../gateway/index.ts"
import { openSources } from "../import/index.ts"
import { type Runtime, silentLog, systemClock, systemRuntime } from "../runtime.ts"
import {
  describeSettingsProblem,
  firstOf,
  loadSettings,
  openLog,
  ownCommand,
  type Paths,
  pathsFor,
  type Place,
  readSmallFile,
  type Settings,
} from "../settings/index.ts"
import { VERSION } from "../version.ts"
import { programHere } from "./interpreter.ts"
import { type Terminal, wrap } from "./terminal.ts"

/** What every command works with. */
export interface Context extends OpenAccounts {
  readonly place: Place
  readonly paths: Paths
  readonly settings: Settings
  readonly runtime: Runtime
  readonly sources: readonly SourceStore[]
  readonly terminal: Terminal
  /** How this command is run, to be named in a remedy. */
  readonly command: string
  /** Whether the database did not take something: it is nowhere, or in the memory of this process only. */
  hasLost(): boolean
}

/**
 * `quiet`: the command itself tells what notices would. `rehearse`: nothing is written, nor logged. `tellsSettings`: it
 * is one that people look around with, and says what is wrong with kiro.json; the others don't repeat it.
 */
export async function openContext(
  place: Place,
  terminal: Terminal,
  {
    quiet,
    rehearse,
    tellsSettings = false,
  }: { readonly quiet: boolean; readonly rehearse: boolean; readonly tellsSettings?: boolean },
): Promise<Context> {
  const paths = pathsFor(place)
  const { settings, problems } = await loadSettings(place)
  const log = rehearse
    ? silentLog
    : openLog({ path: paths.log, level: settings.logLevel, clock: systemClock })
  const runtime = systemRuntime(log)
  const sources = openSources({ place, settings, effects: runtime })
  const command = commandHere(place)
  const warn = (text: string): void =>
    terminal.err(terminal.paint("warning", wrap(text, { indent: 0, columns: terminal.columns })))
  let lost = false
  const notify = (notice: Notice): void => {
    lost ||= notice.kind === "store-trouble" && notice.backup === undefined
    // The list itself shows what is used up.
    if (quiet || notice.kind === "quota-high" || notice.kind === "paid-credits") return
    warn(describeNotice(notice, command).message)
  }
  const mistake = firstOf(problems.map(describeSettingsProblem), `\`${command} doctor\``)
  if (tellsSettings && mistake !== undefined) warn(mistake)
  const version = VERSION
  const accounts = await openAccounts({ runtime, settings, paths, version, sources, notify, rehearse })
  return { ...accounts, place, paths, settings, runtime, sources, terminal, command, hasLost: () => lost }
}

/** How this command is run again. */
export function commandHere({ env, platform }: Place): string {
  const path = env["PATH"] ?? env["Path"]
  return ownCommand({ path, program: programHere({ versions: process.versions, env, platform }) })
}

/** Variables that say where logins are read from and where they are sent, and who is trusted on the way. */
const SAYS_WHERE =
  /^(?:KIRO_(?!API_KEY$)\w+|KIROCLI_\w+|XDG_(?:CONFIG|DATA)_HOME|HOME|USERPROFILE|(?:LOCAL)?APPDATA|HTTPS?_PROXY|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+)$/i

/**
 * Bun puts the variables of the .env files of the folder it is started in into the environment, before any code runs:
 * a repository could send our tokens where it likes. Names the file and the variable that would do so, if any.
 */
export function redirectingDotenv(
  folder: string,
  env: { readonly [name: string]: string | undefined },
): string | undefined {
  const names = Object.keys(env).filter((name) => SAYS_WHERE.test(name))
  for (const file of readdirSync(folder).filter((name) => name.startsWith(".env"))) {
    const read = readSmallFile(join(folder, file))
    const text = read.state === "text" ? read.text : ""
    const set = names.find((name) => new RegExp(`(?:^|\\W)${name}\\s*=|^\\s*${name}\\s*:`, "m").test(text))
    if (set !== undefined)
      return `${join(folder, file)} sets ${set}, which may not say where your logins go. Run it in another folder, or with node, which reads no such file.`
  }
  return undefined
}
