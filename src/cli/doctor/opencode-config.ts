import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { applyEdits, type JSONPath, modify, parse, type ParseError } from "jsonc-parser"
import { isObject, type JsonObject, parseJson, stringField } from "../../json.ts"
import {
  comparablePath,
  type Paths,
  type Place,
  type Project,
  readSmallFile,
  systemCode,
} from "../../settings/index.ts"
import { PACKAGE } from "../../version.ts"

/** One of OpenCode's configuration files. */
export interface ConfigFile {
  readonly path: string
  /** `undefined` where it can't be read as JSON with comments. */
  readonly document: JsonObject | undefined
}

interface Where {
  readonly place: Place
  readonly paths: Paths
  readonly directory: string
}

const NAMES = ["opencode.json", "opencode.jsonc"]

/** The configuration files that OpenCode reads when it starts in this folder, the weakest first. */
export function readConfigFiles({ place, paths, directory }: Where): readonly ConfigFile[] {
  const { env } = place
  const globals = [globalFolder(paths), ...paths.configDirectories].flatMap((folder) =>
    ["config.json", ...NAMES].map((name) => join(folder, name)),
  )
  const named = env["OPENCODE_CONFIG"] ? [env["OPENCODE_CONFIG"]] : []
  const above = projectFolders(directory).toReversed()
  const local = env["OPENCODE_DISABLE_PROJECT_CONFIG"]
    ? []
    : [...above, ...above.map((folder) => join(folder, ".opencode"))]
  const dotted = [
    join(place.home, ".opencode"),
    ...(env["OPENCODE_CONFIG_DIR"] ? [env["OPENCODE_CONFIG_DIR"]] : []),
  ]
  const rest = [...local, ...dotted].flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return onlyOnce([...globals, ...named, ...rest], place.platform)
    .filter(existsSync)
    .map((path) => ({ path, document: readJsonc(path) }))
}

function onlyOnce(paths: readonly string[], platform: string): readonly string[] {
  const last = paths.toReversed().map((path) => [comparablePath(path, platform), path] as const)
  return [...new Map(last).values()].toReversed()
}

/** OpenCode's own configuration folder: on Windows too it is the one of the XDG directories. */
export function globalFolder({ configDirectories, configDirectory }: Paths): string {
  return configDirectories.at(-1) ?? configDirectory
}

/** The file of the user's own that OpenCode reads already, or would. */
export function globalConfigFile(paths: Paths): string {
  const folder = globalFolder(paths)
  const there = NAMES.toReversed().find((name) => existsSync(join(folder, name)))
  return join(folder, there ?? "opencode.json")
}

/** From the folder where the command was called up to the root of its git repository, or of the file system. */
export function projectFolders(directory: string): readonly string[] {
  const above = dirname(directory)
  if (above === directory || existsSync(join(directory, ".git"))) return [directory]
  return [directory, ...projectFolders(above)]
}

/** What OpenCode takes for the project when it is started there. */
export function projectOf(directory: string): Project {
  const root = projectFolders(directory).at(-1) ?? directory
  return { directory, worktree: existsSync(join(root, ".git")) ? root : directory }
}

/** JSON with comments and trailing commas; `undefined` where it is something else or can't be read. */
export function readJsonc(path: string): JsonObject | undefined {
  const file = readSmallFile(path)
  return file.state === "text" ? readText(file.text) : undefined
}

function readText(text: string): JsonObject | undefined {
  const errors: ParseError[] = []
  const document: unknown = parse(text, errors, { allowTrailingComma: true })
  return errors.length === 0 && isObject(document) ? document : undefined
}

/** A change of a configuration file. */
export interface Edit {
  readonly path: JSONPath
  /** `undefined` takes it out. */
  readonly value: unknown
  /** Puts `value` into the list at `path`. */
  readonly insert?: true
}

/**
 * Says what it did. Comments, order and spacing of the rest stay as they are; the file as it was has a copy beside it, one
 * for all changes of one `unique`.
 */
export function editConfig(file: string, edits: readonly Edit[], unique: string): readonly string[] {
  const read = readSmallFile(file)
  if (read.state === "failed") throw new Error(`${file} ${read.message}`)
  const before = read.state === "text" ? read.text : "{}\n"
  if (readText(before) === undefined) throw new Error(`${file} is not JSON: correct it first`)
  const after = edits.reduce(applyEdit, before)
  if (after === before) return []
  const backup = `${file}.${unique}.bak`
  const isKept = read.state === "missing" || existsSync(backup)
  try {
    if (!isKept) copyFileSync(file, backup)
    mkdirSync(dirname(file), { recursive: true })
    // In its place: a link to a file in a folder of dotfiles stays one.
    writeFileSync(file, after)
  } catch (error) {
    throw new Error(`${file} can't be written (${systemCode(error)})`, { cause: error })
  }
  return [...(isKept ? [] : [`kept ${file} as ${backup}`]), ...edits.map((edit) => sayEdit(file, edit))]
}

function applyEdit(text: string, edit: Edit): string {
  const { path, value, insert } = edit.value === undefined ? withoutElement(text, edit) : edit
  const formattingOptions = { insertSpaces: true, tabSize: 2 }
  const at = insert === true ? [...path, -1] : path
  const options = { formattingOptions, ...(insert === true && { isArrayInsertion: true }) }
  return applyEdits(text, modify(text, at, value, options))
}

/** As a change of the whole list: jsonc-parser breaks the text where it takes the last element out of one. */
function withoutElement(text: string, edit: Edit): Edit {
  const at = edit.path.at(-1)
  if (typeof at !== "number") return edit
  const path = edit.path.slice(0, -1)
  const list: unknown = path.reduce<unknown>(
    (part, key) => (isObject(part) ? part[key] : undefined),
    parse(text),
  )
  return { path, value: Array.isArray(list) ? list.toSpliced(at, 1) : undefined }
}

function sayEdit(file: string, { path, value, insert }: Edit): string {
  const key = path.join(".")
  if (value === undefined) return `took ${key} out of ${file}`
  const said = JSON.stringify(value)
  return insert === true ? `added ${said} to ${key} in ${file}` : `set ${said} as ${key} in ${file}`
}

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

/** OpenCode has not tried to install it yet, or did in vain. */
export function isToCome({ by, folder, manifest }: PluginEntry): boolean {
  return by === "name" && manifest === undefined && !existsSync(folder)
}

/** npm has nothing of this name. */
export function isNowhere(entry: PluginEntry, published: { readonly state: string }): boolean {
  return isToCome(entry) && published.state === "nothing" && !entry.spec.includes("@file:")
}

/** The lines of OpenCode's `plugin` list, and of OpenCode 2's `plugins`, in the order in which they count. */
function pluginLines(files: readonly ConfigFile[]): readonly PluginLine[] {
  return files.flatMap(({ path, document = {} }) =>
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
    : [isObject(line) ? line["package"] : undefined, "package"]
  return typeof spec === "string" ? [{ spec, file, at: [...at, within] }] : []
}

export function pluginEntries(files: readonly ConfigFile[], place: Place): readonly PluginEntry[] {
  return pluginLines(files)
    .filter(({ spec }) => !isSwitch(spec))
    .map((line) => readEntry(line, place))
}

function isSwitch(spec: string): boolean {
  return /^-|\*/.test(spec)
}

/** The line by which OpenCode 2 leaves this plugin out: the last one that says anything of it counts. */
export function switchedOff(files: readonly ConfigFile[], place: Place): PluginLine | undefined {
  const last = pluginLines(files).findLast((line) =>
    isSwitch(line.spec) ? isSwitchOfOurs(line.spec) : isOurs(readEntry(line, place)),
  )
  return last?.spec.startsWith("-") === true ? last : undefined
}

/** Our id is the package's name. */
function isSwitchOfOurs(spec: string): boolean {
  const [start = "", ...rest] = spec.replace(/^-/, "").split("*")
  return rest.length === 0 ? start === PACKAGE : PACKAGE.startsWith(start)
}

/**
 * What the terminal UI of OpenCode 2 reads beside its server's list, which OpenCode makes of tui.json at its first start:
 * a list in the environment takes the place of the file's.
 */
export function readCliConfig({ place, paths }: Pick<Where, "place" | "paths">): ConfigFile {
  const path = join(globalFolder(paths), "cli.json")
  const variable = "OPENCODE_CLI_CONFIG_CONTENT"
  const laidOver = readText(place.env[variable] ?? "")
  if (Array.isArray(laidOver?.["plugins"])) return { path: variable, document: laidOver }
  return { path, document: existsSync(path) ? readJsonc(path) : {} }
}

/** A path that leads nowhere has no name but the one in it. */
export function isOurs({ name, spec }: PluginEntry): boolean {
  return (name ?? (spec.includes(PACKAGE) ? PACKAGE : spec)) === PACKAGE
}

/** What lists a plugin in a file. One that somebody named there without a list around it goes on in the list. */
export function pluginAdded(file: string, spec: string, place: Place): Edit {
  const path = ["plugin"]
  const there: unknown = readJsonc(file)?.["plugin"]
  if (Array.isArray(there)) return { path, value: spec, insert: true }
  const others = pluginEntries([{ path: file, document: { plugin: [there] } }], place).filter(
    (entry) => !isOurs(entry),
  )
  return { path, value: [...others.map((other) => other.spec), spec] }
}

/** Plugin files that OpenCode loads without any entry. */
export function looseFiles(folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    ["plugin", "plugins"]
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
      .flatMap((path) => readdirSync(path).map((name) => join(path, name)))
      .filter((path) => /\.[jt]s$/.test(path)),
  )
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
  const newest = existsSync(second) ? readdirSync(second).toSorted().at(-1) : undefined
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
