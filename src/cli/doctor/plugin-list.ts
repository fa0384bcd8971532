import { existsSync, readdirSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import type { JSONPath } from "jsonc-parser"
import { asObject, isObject, type JsonObject, parseJson, stringField } from "../../json.ts"
import { type Place, readSmallFile } from "../../settings/index.ts"
import { PACKAGE } from "../../version.ts"
import { type ConfigFile, type Edit, majorOf, readConfigFile } from "./opencode-config.ts"

/** One line of a `plugin` or `plugins` list: a plugin, or `-id`, `prefix.*` and the like, which switch plugins off and on. */
export interface PluginLine {
  readonly spec: string
  /** The configuration file that lists it. */
  readonly file: string
  /** Where `spec` stands in it. */
  readonly at: JSONPath
}

/** A plugin of such a list. */
export interface PluginEntry extends PluginLine {
  /** Given by a path, or by a package's name and version. */
  readonly by: "path" | "name"
  /** The package's name, where the entry or the folder that it names tells it. */
  readonly name: string | undefined
  /** Where OpenCode loads the package from; for a name that is OpenCode's own copy. */
  readonly folder: string
  /** What is in its package.json; `undefined` where there is none. */
  readonly manifest: JsonObject | undefined
}

export function pluginEntries(files: readonly ConfigFile[], place: Place): readonly PluginEntry[] {
  return pluginLines(files)
    .filter(({ spec }) => !isSwitch(spec))
    .map((line) => readEntry(line, place))
}

/** A path that leads nowhere has no name but the one in it. */
export function isOurs({ name, spec }: PluginEntry): boolean {
  return (name ?? (spec.includes(PACKAGE) ? PACKAGE : spec)) === PACKAGE
}

/** OpenCode has not tried to install it yet, or did in vain. */
export function isToCome({ by, folder, manifest }: PluginEntry): boolean {
  return by === "name" && manifest === undefined && !existsSync(folder)
}

/** npm has nothing of this name. */
export function isUnpublished(entry: PluginEntry, published: { readonly state: string }): boolean {
  return isToCome(entry) && published.state === "nothing" && !entry.spec.includes("@file:")
}

/** Why this OpenCode does not see a line: it stands in the list of OpenCode 2 alone. */
export function whyPassedOver(
  { spec, file, at }: PluginLine,
  opencode: string | undefined,
): string | undefined {
  if (majorOf(opencode) !== 1 || at[0] !== "plugins") return undefined
  return `${file} lists ${spec} in "plugins", which OpenCode 1 passes over`
}

/** A path at which nothing is. */
export function leadsNowhere({ by, folder }: PluginEntry): boolean {
  return by === "path" && !existsSync(folder)
}

/** Of what its package.json names; its models for OpenCode 2 lie beside the server's part. */
export function missingParts(folder: string, manifest: JsonObject = {}): readonly string[] {
  const main = stringField(manifest, "main")
  if (main === undefined) return ["a package.json"]
  const exported = asObject(manifest["exports"])
  const [server, tui] = ["./server", "./tui"].map((name) => stringField(asObject(exported[name]), "default"))
  const parts = [
    { name: "the plugin itself", file: main },
    { name: "the models of OpenCode 2", file: server && join(dirname(server), "opencode2", "provider.js") },
    { name: "the terminal UI's part", file: tui },
  ]
  return parts.flatMap(({ name, file }) =>
    file === undefined || existsSync(join(folder, file)) ? [] : `${name} (${file})`,
  )
}

/** Whether a line leads OpenCode to nothing at all. */
export function isDead(entry: PluginEntry, published: { readonly state: string }): boolean {
  return leadsNowhere(entry) || isUnpublished(entry, published)
}

/** The line by which OpenCode 2 leaves this plugin out: the last one that says anything of it counts. */
export function switchedOff(files: readonly ConfigFile[], place: Place): PluginLine | undefined {
  const last = pluginLines(files).findLast((line) =>
    isSwitch(line.spec) ? isSwitchOfOurs(line.spec) : isOurs(readEntry(line, place)),
  )
  return last?.spec.startsWith("-") === true ? last : undefined
}

/** What lists a plugin in a file. One that somebody named there without a list around it goes on in the list. */
export function pluginAdded(file: string, spec: string, place: Place): Edit {
  const path = ["plugin"]
  const there: unknown = readConfigFile(file).document["plugin"]
  if (Array.isArray(there)) return { path, value: spec, insert: true }
  const others = pluginEntries([{ path: file, document: { plugin: [there] } }], place).filter(
    (entry) => !isOurs(entry),
  )
  return { path, value: [...others.map((other) => other.spec), spec] }
}

/** What takes a line out of its list. */
export function pluginTakenOut({ at }: PluginLine): Edit {
  return { path: at.slice(0, 2), value: undefined }
}

/** Plugin files that OpenCode loads without any entry. */
export function looseFiles(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    ["plugin", "plugins"]
      .map((name) => join(folder, name))
      .flatMap((path) => namesIn(path).map((name) => join(path, name)))
      .filter((path) => /\.[jt]s$/.test(path)),
  )
}

/** What lies in a folder; nothing where there is none, or what nobody can look into. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The lines of OpenCode's `plugin` list, and of OpenCode 2's `plugins`, in the order in which they count. */
function pluginLines(files: readonly ConfigFile[]): readonly PluginLine[] {
  return files.flatMap(({ path, document }) =>
    ["plugin", "plugins"].flatMap((key) => {
      const list: unknown = document[key]
      return Array.isArray(list)
        ? list.flatMap((line: unknown, index) => readLine(line, path, [key, index]))
        : []
    }),
  )
}

function readLine(line: unknown, file: string, at: JSONPath): readonly PluginLine[] {
  if (typeof line === "string") return [{ spec: line, file, at }]
  const [spec, within]: [unknown, string | number] = Array.isArray(line)
    ? [line[0], 0]
    : [asObject(line)["package"], "package"]
  return typeof spec === "string" ? [{ spec, file, at: [...at, within] }] : []
}

function isSwitch(spec: string): boolean {
  return /^-|\*/.test(spec)
}

/** Our id is the package's name. */
function isSwitchOfOurs(spec: string): boolean {
  const [start = "", ...rest] = spec.replace(/^-/, "").split("*")
  return rest.length === 0 ? start === PACKAGE : PACKAGE.startsWith(start)
}

function readEntry(line: PluginLine, place: Place): PluginEntry {
  const { spec, file } = line
  if (!/^(?:file:|\.|\/|[A-Za-z]:[\\/])/.test(spec)) return named(line, place)
  const path = pathOf(spec, file)
  const folder = packageFolder(path) ?? path
  const manifest = readManifest(folder)
  return { ...line, by: "path", name: manifest && stringField(manifest, "name"), folder, manifest }
}

function pathOf(spec: string, file: string): string {
  if (!spec.startsWith("file:")) return resolve(dirname(file), spec)
  try {
    return resolve(fileURLToPath(spec))
  } catch {
    // No URL of a file, such as one with a host or a broken escape: it leads nowhere.
    return spec
  }
}

/**
 * `@scope/name@1.2.3`. OpenCode 1 keeps its copy of it in a folder of that name, OpenCode 2 in one for each time that it
 * was installed.
 */
function named(line: PluginLine, { env, home }: Place): PluginEntry {
  const { spec } = line
  const name = /^(@?[^@]+)/.exec(spec)?.[1] ?? spec
  const copy = spec === name ? `${name}@latest` : spec
  const cache = join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "opencode")
  const first = join(cache, "packages", copy, "node_modules", name)
  const second = join(cache, "npm", copy)
  const newest = namesIn(second).toSorted().at(-1)
  const folder =
    newest === undefined || existsSync(first) ? first : join(second, newest, "node_modules", name)
  return { ...line, by: "name", name, folder, manifest: readManifest(folder) }
}

/** The nearest folder with a package.json. */
function packageFolder(path: string): string | undefined {
  if (existsSync(join(path, "package.json"))) return path
  const above = dirname(path)
  return above === path || !existsSync(path) ? undefined : packageFolder(above)
}

function readManifest(folder: string): JsonObject | undefined {
  const file = readSmallFile(join(folder, "package.json"))
  const document = file.state === "text" ? parseJson(file.text) : undefined
  return isObject(document) ? document : undefined
}
