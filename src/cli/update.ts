import { existsSync } from "node:fs"
import { stringField } from "../json.ts"
import type { Context } from "./context.ts"
import type { DoctorCall } from "./doctor/doctor.ts"
import { isOurs, type PluginEntry, pluginEntries, readConfigFiles } from "./doctor/opencode-config.ts"
import { copyOf, renameAway, stampOf } from "./doctor/finding.ts"
import { isUnpinned, ownSpec } from "./doctor/plugin.ts"
import { opencodeVersion } from "./doctor/programs.ts"

interface Updated {
  readonly spec: string
  readonly file: string
  readonly version: string | undefined
  /** What was done, or what is left to do. */
  readonly done: readonly string[]
  readonly todo?: string
}

/** Has OpenCode install the plugin anew where it keeps a copy of its own; where it does not, says how it is done. */
export async function updatePlugin(
  context: Context,
  { json }: { readonly json: boolean },
  { directory, run }: DoctorCall,
): Promise<boolean> {
  const { terminal, place } = context
  const say = (mark: string, text: string): void => terminal.out(`${mark} ${terminal.wrap(text, 2)}`)
  const entries = pluginEntries(readConfigFiles({ ...context, directory }), place).filter(isOurs)
  const isSecond = (await opencodeVersion(run))?.startsWith("2.") === true
  const updated = entries.map((entry) => update(context, entry, isSecond))
  if (json) terminal.json({ updated })
  else if (updated.length === 0)
    terminal.out(`OpenCode's configuration does not list the plugin. Run: opencode plugin "${ownSpec()}" -g`)
  else
    for (const { done, todo } of updated) {
      for (const line of done) say(terminal.paint("good", "✓"), line)
      if (todo !== undefined) say(terminal.paint("strong", "→"), todo)
    }
  return updated.length > 0
}

function update(
  context: Context,
  { spec, file, by, folder, manifest }: PluginEntry,
  isSecond: boolean,
): Updated {
  const version = manifest && stringField(manifest, "version")
  const about = { spec, file, version }
  if (by === "path")
    return {
      ...about,
      done: [],
      todo: `In ${folder}: git pull && npm install && npm run build. Then restart OpenCode.`,
    }
  if (!isUnpinned(spec))
    return {
      ...about,
      done: [],
      todo: `${file} pins ${spec}: write the version that you want there, then restart OpenCode.`,
    }
  if (isSecond) return { ...about, done: [], todo: "Run: opencode plugin update. Then restart OpenCode." }
  if (!existsSync(copyOf(folder)))
    return { ...about, done: [], todo: "OpenCode has no copy yet: it installs the newest at its next start." }
  // A window that is open goes on with the renamed one.
  const done = renameAway(copyOf(folder), stampOf(context))
  return { ...about, done, todo: "Restart OpenCode: it installs the newest at its start." }
}
