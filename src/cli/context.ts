import { describeNotice, type Notice, type SourceStore } from "../accounts/index.ts"
import { openAccounts, type OpenAccounts } from "../gateway/index.ts"
import { openSources } from "../import/index.ts"
import { type Runtime, systemClock, systemRuntime } from "../runtime.ts"
import {
  loadSettings,
  openLog,
  ownCommand,
  type Paths,
  pathsFor,
  type Place,
  type Settings,
} from "../settings/index.ts"
import { VERSION } from "../version.ts"
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

/** `quiet`: the command itself tells what notices would. `rehearse`: nothing is written. */
export async function openContext(
  place: Place,
  terminal: Terminal,
  { quiet, rehearse }: { readonly quiet: boolean; readonly rehearse: boolean },
): Promise<Context> {
  const paths = pathsFor(place)
  const { settings, problems } = await loadSettings(place)
  const log = openLog({ path: paths.log, level: settings.logLevel, clock: systemClock })
  const runtime = systemRuntime(log)
  const sources = openSources({ place, settings, effects: runtime })
  const command = ownCommand({ path: place.env["PATH"] ?? place.env["Path"] })
  let lost = false
  const notify = (notice: Notice): void => {
    lost ||= notice.kind === "store-trouble" && notice.backup === undefined
    // The list itself shows what is used up.
    if (quiet || notice.kind === "quota-high" || notice.kind === "paid-credits") return
    terminal.err(terminal.paint("warning", describeNotice(notice, command).message))
  }
  for (const problem of problems) notify({ kind: "settings-problem", problem })
  const version = VERSION
  const accounts = await openAccounts({ runtime, settings, paths, version, sources, notify, rehearse })
  return { ...accounts, place, paths, settings, runtime, sources, terminal, command, hasLost: () => lost }
}
