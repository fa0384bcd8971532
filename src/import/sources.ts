import { join } from "node:path"
import type { SourceStore } from "../accounts/index.ts"
import { pathsFor, type Settings } from "../settings/index.ts"
import { openEnvironmentSource } from "./environment.ts"
import type { Effects } from "./foreign-database.ts"
import { kiroCliDatabases } from "./kiro-cli/locate.ts"
import { openKiroCliSource } from "./kiro-cli/source.ts"
import { kiroIdeFiles } from "./kiro-ide/locate.ts"
import { openIdeSource } from "./kiro-ide/source.ts"
import { openOlderPluginSource } from "./older-plugin/source.ts"
import type { Place } from "../settings/index.ts"

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
  const besideIde = { cacheFolder: ide.cacheFolder, profileFile: ide.profile, effects }
  const cli = [
    openKiroCliSource({
      files: kiroCliDatabases(place),
      named: Boolean(place.env["KIROCLI_DB_PATH"]?.trim()),
      defaultRegion: settings.defaultRegion,
      effects,
    }),
    openIdeSource({ ...besideIde, source: "kiro-cli", file: ide.cliToken }),
  ]
  const databases = pathsFor(place).configDirectories.map((folder) => join(folder, "kiro.db"))
  return [
    ...(settings.autoSyncKiroCli ? cli : []),
    openIdeSource({ ...besideIde, source: "kiro-ide", file: ide.token }),
    openOlderPluginSource({ files: databases, effects }),
    openEnvironmentSource(place.env),
  ]
}
