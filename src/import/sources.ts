import { join } from "node:path"
import type { LoginSource, SourceStore } from "../accounts/index.ts"
import type { Clock } from "../runtime.ts"
import { Secret } from "../secret.ts"
import { pathsFor, type Place, type Settings } from "../settings/index.ts"
import type { Effects } from "./databases.ts"
import { kiroCliDatabases, openKiroCliSource } from "./kiro-cli.ts"
import { kiroIdeFiles, openIdeSource } from "./kiro-ide.ts"
import { openOlderPluginSource } from "./older-plugin.ts"

/** What people are told of where a login is from. */
export const SOURCE_NAMES: Readonly<Record<LoginSource, string>> = {
  own: "own login",
  "kiro-cli": "kiro-cli",
  "kiro-ide": "Kiro IDE",
  "older-plugin": "older plugin",
  environment: "KIRO_API_KEY",
}

/**
 * The stores of other programs, those whose logins are used most first. Nothing is opened or read by this call.
 * `autoSyncKiroCli: false` leaves out all that kiro-cli keeps.
 */
export function openSources({
  place,
  settings,
  effects,
}: {
  readonly place: Place
  readonly settings: Pick<Settings, "autoSyncKiroCli" | "defaultRegion">
  readonly effects: Effects
}): readonly SourceStore[] {
  const ide = kiroIdeFiles(place)
  const cli = [
    openKiroCliSource({
      files: kiroCliDatabases(place),
      named: Boolean(place.env["KIROCLI_DB_PATH"]?.trim()),
      defaultRegion: settings.defaultRegion,
      effects,
    }),
    openIdeSource({ source: "kiro-cli", file: ide.cliToken, beside: ide, effects }),
  ]
  const databases = pathsFor(place).configDirectories.map((folder) => join(folder, "kiro.db"))
  return [
    ...(settings.autoSyncKiroCli ? cli : []),
    openIdeSource({ source: "kiro-ide", file: ide.token, beside: ide, effects }),
    openOlderPluginSource({ files: databases, effects }),
    openEnvironmentSource(place.env),
  ]
}

const API_KEY_VARIABLE = "KIRO_API_KEY"

/** The API key of the environment: an account of its own, never refreshed and never written anywhere. */
function openEnvironmentSource(env: Place["env"]): SourceStore {
  const text = env[API_KEY_VARIABLE]?.trim() ?? ""
  const key = text === "" ? undefined : new Secret(text)
  const place = { source: "environment", key: API_KEY_VARIABLE } as const
  return {
    source: "environment",
    key,
    has: ({ source }) => source === "environment",
    fingerprint: () => "",
    async read() {
      if (key === undefined) return { logins: [], problems: [], unread: [] }
      return {
        logins: [{ login: { kind: "api-key", id: "", source: "environment", key }, place }],
        problems: [],
        unread: [],
      }
    },
    async writeBack() {
      return "gone"
    },
  }
}

/** The stores' files are not looked at more often than this, in ms. */
const LOOK_EVERY_MS = 5000

/** Says whether another program wrote to one of the stores since it was last asked. A few file times, nothing opened. */
export function watchSources(sources: readonly SourceStore[], clock: Clock): () => boolean {
  const look = (): string => sources.map((source) => source.fingerprint()).join("\n")
  let seen = look()
  let lookedAt = clock.now()
  return () => {
    if (Math.abs(clock.now() - lookedAt) < LOOK_EVERY_MS) return false
    lookedAt = clock.now()
    const before = seen
    seen = look()
    return seen !== before
  }
}
