import { accessSync, constants, readdirSync, statSync } from "node:fs"
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
  systemCode,
} from "../settings/index.ts"
import { programHere } from "./interpreter.ts"
import type { Terminal } from "./terminal.ts"

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

/** Throws where it is of no use: that no account was found there is no reason to say that there is none. */
export async function mustBeRead({ store, hasLost, paths, command }: Context): Promise<void> {
  const accounts = await store.listAll()
  if (accounts.length === 0 && (hasLost() || isClosed(paths.configDirectory)))
    throw new Error(`${paths.database} can't be read: for the reason run \`${command} doctor\`.`)
}

/** Whether there is a folder that may not be looked into: what is in it seems not to be there. */
function isClosed(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK)
    return false
  } catch (error) {
    return systemCode(error) !== "ENOENT"
  }
}

/** Throws where it did not take what was decided: nothing is said to be done that is kept nowhere. */
export function mustBeKept({ hasLost, paths }: Context): void {
  if (hasLost()) throw new Error(`Nothing was kept: ${paths.database} can't be written.`)
}

/**
 * How a command goes about it. A diagnosis and a trial tell themselves what notices would, a decision what became of its
 * account; of a diagnosis and a rehearsal nothing is written, nor logged. A view is what people look around with: it says
 * what is wrong with kiro.json, which the others don't repeat.
 */
export type Manner = "diagnosis" | "trial" | "rehearsal" | "view" | "decision" | "work"

export async function openContext(place: Place, terminal: Terminal, manner: Manner): Promise<Context> {
  const tellsItself = manner === "diagnosis" || manner === "trial"
  const rehearse = manner === "diagnosis" || manner === "rehearsal"
  const paths = pathsFor(place)
  const { settings, problems } = await loadSettings(place)
  const log = rehearse
    ? silentLog
    : openLog({ path: paths.log, level: settings.logLevel, clock: systemClock })
  const runtime = systemRuntime(log)
  const sources = openSources({ place, settings, effects: runtime })
  const command = commandHere(place)
  let lost = false
  const notify = (notice: Notice): void => {
    lost ||= notice.kind === "store-trouble" && notice.backup === undefined
    // The list itself shows what is used up.
    if (tellsItself || notice.kind === "quota-high" || notice.kind === "paid-credits") return
    if (manner === "decision" && notice.kind === "account-revoked") return
    terminal.warn(describeNotice(notice, command).message)
  }
  const mistake = firstOf(problems.map(describeSettingsProblem), `\`${command} doctor\``)
  if (manner === "view" && mistake !== undefined) terminal.warn(mistake)
  const accounts = await openAccounts({ runtime, settings, paths, sources, notify, rehearse })
  return { ...accounts, place, paths, settings, runtime, sources, terminal, command, hasLost: () => lost }
}

/** How this command is run again. */
export function commandHere({ env, platform }: Place): string {
  const path = env["PATH"] ?? env["Path"]
  return ownCommand({ path, program: programHere({ versions: process.versions, env, platform }) })
}

/** Variables that say where logins are read from and where they are sent, and who is trusted on the way. */
const WHERE = String.raw`KIRO_(?!API_KEY\b)\w+|KIROCLI_\w+|XDG_(?:CONFIG|DATA)_HOME|HOME|USERPROFILE|(?:LOCAL)?APPDATA|HTTPS?_PROXY|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+`
const SETS_WHERE = new RegExp(String.raw`(?:^|\W)(${WHERE})\s*=|^[^\S\r\n\u2028\u2029]*(${WHERE})\s*:`, "gim")
const INSTEAD = "Run it in another folder, or with node, which reads no such file."

/**
 * Bun puts the variables of the .env files of the folder it is started in into the environment, before any code runs:
 * a repository could send our tokens where it likes. Names the file and the variable that would do so, if any. On
 * Windows Bun has variables that it does not list, and `.ENV` is `.env`, as it is on macOS.
 */
export function redirectingDotenv(folder: string, env: Place["env"]): string | undefined {
  for (const file of readdirSync(folder).filter((name) => /^\.env/i.test(name))) {
    const path = join(folder, file)
    const read = readSmallFile(path)
    if (read.state === "failed" && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
      return `${path} ${read.message}, so that nobody sees whether it says where your logins go. ${INSTEAD}`
    const found = read.state === "text" ? read.text.matchAll(SETS_WHERE) : []
    for (const [, assigned, named = assigned ?? ""] of found)
      if (env[named] !== undefined)
        return `${path} sets ${named}, which may not say where your logins go. ${INSTEAD}`
  }
  return undefined
}
