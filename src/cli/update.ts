import { existsSync, readdirSync, renameSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { stringField } from "../json.ts"
import { ownFolder, systemCode } from "../settings/index.ts"
import { PACKAGE, VERSION } from "../version.ts"
import type { Context } from "./context.ts"
import { type DoctorCall, stampOf } from "./doctor/finding.ts"
import { globalConfigFile, majorOf, readConfigFiles } from "./doctor/opencode-config.ts"
import {
  isDead,
  isOurs,
  isToCome,
  type PluginEntry,
  pluginEntries,
  whyPassedOver,
} from "./doctor/plugin-list.ts"
import { opencodeVersion, publishedPackage } from "./doctor/programs.ts"

interface Updated {
  readonly spec: string
  readonly file: string
  readonly version: string | undefined
  readonly done: readonly string[]
  readonly todo: string
}

/** Has OpenCode install the plugin anew where it keeps a copy of its own; where it does not, says how it is done. */
export async function updatePlugin(
  context: Context,
  { json }: { readonly json: boolean },
  { directory, run }: DoctorCall,
): Promise<boolean> {
  const { terminal, place, command } = context
  const say = (mark: string, text: string): void => terminal.out(`${mark} ${terminal.wrap(text, 2)}`)
  const configs = readConfigFiles({ ...context, directory })
  const listed = pluginEntries(configs, place).filter(isOurs)
  const broken = configs.find(({ trouble }) => trouble !== undefined)
  if (listed.length === 0 && broken !== undefined)
    throw new Error(`${broken.path} ${broken.trouble}: correct it first`)
  const opencode = await opencodeVersion(run)
  const seen = listed.filter((entry) => whyPassedOver(entry, opencode) === undefined)
  // Told of where it is all there is.
  const entries = seen.length > 0 ? seen : listed
  // npm may be far away: only where nothing else tells whether there is such a package.
  const published = entries.some(isToCome) ? await publishedPackage(run) : { state: "unknown" }
  const isSecond = majorOf(opencode) === 2
  // All before the first is renamed: two lines may be of one copy.
  const inVain = entries.map(
    (entry) =>
      whyPassedOver(entry, opencode) ??
      (isDead(entry, published) ? `${entry.file} lists ${entry.spec}, where nothing is` : undefined),
  )
  const todos = entries.map((entry, index) => {
    const why = inVain[index]
    return why === undefined ? todoFor(entry, isSecond) : `${why}: \`${command} doctor --fix\` mends that.`
  })
  const updated = entries.map((entry, index) => update(context, entry, todos[index]))
  if (json) terminal.json({ updated })
  else if (updated.length === 0)
    terminal.say(
      `OpenCode's configuration does not list the plugin. ${howToList(opencode, globalConfigFile(context.paths))}`,
    )
  else {
    for (const line of updated.flatMap(({ done }) => done)) say(terminal.paint("good", "✓"), line)
    for (const todo of new Set(updated.map((each) => each.todo))) say(terminal.paint("strong", "→"), todo)
  }
  return inVain.includes(undefined)
}

function update(context: Context, entry: PluginEntry, todo: string | undefined): Updated {
  const { spec, file, folder, manifest } = entry
  const about = { spec, file, version: manifest && stringField(manifest, "version") }
  if (todo !== undefined) return { ...about, done: [], todo }
  // A window that is open goes on with the renamed one.
  const done = renameAway(copyOf(folder), stampOf(context))
  return { ...about, done, todo: "Restart OpenCode: it installs the newest at its start." }
}

/** What is left to whoever listed it; nothing where OpenCode 1 has a copy of its own, which can be renamed away. */
function todoFor({ spec, file, by, folder }: PluginEntry, isSecond: boolean): string | undefined {
  if (by === "path") return `${howToRenew(folder)} Then restart OpenCode.`
  if (!isUnpinned(spec))
    return `${file} pins ${spec}: write the version that you want there, then restart OpenCode.`
  if (isSecond) return "Run: `opencode plugin update`. Then restart OpenCode."
  if (existsSync(copyOf(folder))) return undefined
  return "OpenCode has no copy yet: it installs the newest at its next start."
}

/** What brings a folder that is listed by its path up to date. */
export function howToRenew(folder: string): string {
  return isInstalled(folder)
    ? `Install the newer package in the place of ${folder}.`
    : `In ${folder}: \`git pull && npm install && npm run build\`.`
}

/** And no clone, which alone has what the package is built from. */
export function isInstalled(folder: string): boolean {
  return /[\\/]node_modules[\\/]/.test(folder)
}

/** What a `plugin` list has to say for OpenCode to load this very installation. */
export function ownSpec(): string {
  const folder = ownFolder() ?? PACKAGE
  const [, cached] = /[\\/]opencode[\\/]packages[\\/]([^\\/]+)[\\/]node_modules[\\/]/.exec(folder) ?? []
  if (cached !== undefined) return cached.replace(/@latest$/, "")
  return /[\\/]_npx[\\/]/.test(folder) ? `${PACKAGE}@${VERSION}` : folder
}

/** How this very installation is listed. OpenCode 2 has no command that takes a folder. */
export function howToList(opencode: string | undefined, file: string): string {
  const spec = ownSpec()
  const line = `"plugin": ${JSON.stringify([spec])}`
  if (majorOf(opencode) === 2) return `Put ${line} into ${file}.`
  return `Run: \`opencode plugin "${spec}" -g\` (or put ${line} into ${file}).`
}

export function isUnpinned(spec: string): boolean {
  return spec === PACKAGE || spec.endsWith("@latest")
}

/** The folder that OpenCode made for one package. */
export function copyOf(folder: string): string {
  return dirname(dirname(folder))
}

/** A folder that an open window of OpenCode still reads from goes on under its new name, until the next time. */
export function renameAway(folder: string, stamp: string): readonly string[] {
  if (!existsSync(folder)) return []
  const away = `${folder}.${stamp}.old`
  try {
    renameSync(folder, away)
  } catch (error) {
    // Windows renames no folder of which a file is open.
    const isHeld = process.platform === "win32"
    const advice = isHeld
      ? "where OpenCode is open, close it first"
      : `see that you may write to ${dirname(folder)}`
    throw new Error(`${folder} can't be renamed (${systemCode(error)}): ${advice}`, { cause: error })
  }
  return [`renamed ${folder} to ${away}`, ...formerCopies(folder, stamp).flatMap(removed)]
}

/** Those that went on under another name since an earlier day: by that name no window asks for a file. */
function formerCopies(folder: string, stamp: string): readonly string[] {
  const today = stamp.slice(0, 8)
  return readdirSync(dirname(folder))
    .filter((name) => name.startsWith(`${basename(folder)}.`))
    .filter((name) => {
      const [, day] = /\.(\d{8})T\d{6}\.old$/.exec(name.slice(basename(folder).length)) ?? []
      return day !== undefined && day < today
    })
    .map((name) => join(dirname(folder), name))
}

/** What is still held is left for another time. */
function removed(copy: string): readonly string[] {
  try {
    rmSync(copy, { recursive: true })
    return [`removed ${copy}, of an earlier update`]
  } catch {
    return []
  }
}
