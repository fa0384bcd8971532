import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { applyEdits, type JSONPath, modify, parse, type ParseError } from "jsonc-parser"
import { isObject, type JsonObject, parseJson, stringField } from "../../json.ts"
import { type Paths, type Place, readSmallFile } from "../../settings/index.ts"

export const PACKAGE = "opencode-kiro-auth"

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

/** On Windows one file has many spellings: drive letters and names compare without case. */
function onlyOnce(paths: readonly string[], platform: string): readonly string[] {
  const key = (path: string): string =>
    platform === "win32" ? path.replaceAll("\\", "/").toLowerCase() : path
  return [...new Map(paths.toReversed().map((path) => [key(path), path])).values()].toReversed()
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
export function projectOf(directory: string): { readonly directory: string; readonly worktree: string } {
  const root = projectFolders(directory).at(-1) ?? directory
  return { directory, worktree: existsSync(join(root, ".git")) ? root : directory }
}

/** JSON with comments and trailing commas; `undefined` where it is something else or can't be read. */
export function readJsonc(path: string): JsonObject | undefined {
  const file = readSmallFile(path)
  if (file.state !== "text") return undefined
  const errors: ParseError[] = []
  const document: unknown = parse(file.text.replace(/^\uFEFF/, ""), errors, { allowTrailingComma: true })
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

/** Says what it did. Comments, order and spacing of the rest stay as they are; the file as it was has a copy beside it. */
export function editConfig(file: string, edits: readonly Edit[], unique: string): readonly string[] {
  const read = readSmallFile(file)
  if (read.state === "failed") throw new Error(`${file} ${read.message}`)
  const before = read.state === "text" ? read.text.replace(/^\uFEFF/, "") : "{}\n"
  if (!isJsonc(before)) throw new Error(`${file} is not JSON: correct it first`)
  const after = edits.reduce(applyEdit, before)
  if (after === before) return []
  const done: string[] = []
  if (read.state === "text") {
    const backup = `${file}.${unique}.bak`
    copyFileSync(file, backup)
    done.push(`kept ${file} as ${backup}`)
  }
  mkdirSync(dirname(file), { recursive: true })
  // In its place: a link to a file in a folder of dotfiles stays one.
  writeFileSync(file, after)
  return [...done, ...edits.map(({ path, value, insert }) => sayEdit(file, path, value, insert))]
}

function isJsonc(text: string): boolean {
  const errors: ParseError[] = []
  parse(text, errors, { allowTrailingComma: true })
  return errors.length === 0
}

function applyEdit(text: string, { path, value, insert }: Edit): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2 }
  const at = insert === true ? [...path, -1] : path
  const options = { formattingOptions, ...(insert === true && { isArrayInsertion: true }) }
  return applyEdits(text, modify(text, at, value, options))
}

function sayEdit(file: string, path: JSONPath, value: unknown, insert: true | undefined): string {
  const key = path.join(".")
  if (value === undefined) return `took ${key} out of ${file}`
  return `${insert === true ? "added" : "set"} ${JSON.stringify(value)} ${insert === true ? "to" : "as"} ${key} in ${file}`
}

/** One entry of the `plugin` list. */
export interface PluginEntry {
  readonly spec: string
  /** The configuration file that lists it. */
  readonly file: string
  /** Given by a path, or by a package's name and version. */
  readonly by: "path" | "name"
  /** The package's name, where the entry or the folder that it names tells it. */
  readonly name: string | undefined
  /** Where OpenCode loads the package from; for a name that is OpenCode's own copy. */
  readonly folder: string
  /** What is in its package.json; `undefined` where there is none. */
  readonly manifest: JsonObject | undefined
}

/** The `plugin` entries of all files, and OpenCode 2's `plugins`. */
export function pluginEntries(files: readonly ConfigFile[], place: Place): readonly PluginEntry[] {
  return files.flatMap(({ path, document = {} }) =>
    ["plugin", "plugins"].flatMap((key) => {
      const list: unknown = document[key]
      if (!Array.isArray(list)) return []
      return list.flatMap((entry: unknown) => {
        const spec: unknown = Array.isArray(entry) ? entry[0] : isObject(entry) ? entry["package"] : entry
        // `-id` and `*` switch plugins off and on.
        if (typeof spec !== "string" || /^-|\*/.test(spec)) return []
        return [readEntry(spec, path, place)]
      })
    }),
  )
}

/** A path that leads nowhere has no name but the one in it. */
export function isOurs({ name, spec }: PluginEntry): boolean {
  return (name ?? (spec.includes(PACKAGE) ? PACKAGE : spec)) === PACKAGE
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

function readEntry(spec: string, file: string, place: Place): PluginEntry {
  if (!/^(?:file:|\.|\/|[A-Za-z]:[\\/])/.test(spec)) return named(spec, file, place)
  const path = pathOf(spec, file)
  const folder = packageFolder(path) ?? path
  const manifest = readManifest(folder)
  return { spec, file, by: "path", name: manifest && stringField(manifest, "name"), folder, manifest }
}

function pathOf(spec: string, file: string): string {
  if (!spec.startsWith("file:")) return isAbsolute(spec) ? spec : resolve(dirname(file), spec)
  try {
    return fileURLToPath(spec)
  } catch {
    // No URL of a file, such as one with a host or a broken escape: it leads nowhere.
    return spec
  }
}

/**
 * `@scope/name@1.2.3`. OpenCode 1 keeps its copy of it in a folder of that name, OpenCode 2 in one for each time that it
 * was installed.
 */
function named(spec: string, file: string, { env, home }: Place): PluginEntry {
  const name = /^(@?[^@]+)/.exec(spec)?.[1] ?? spec
  const copy = spec === name ? `${name}@latest` : spec
  const cache = join(env["XDG_CACHE_HOME"] || join(home, ".cache"), "opencode")
  const first = join(cache, "packages", copy, "node_modules", name)
  const second = join(cache, "npm", copy)
  const newest = existsSync(second) ? readdirSync(second).toSorted().at(-1) : undefined
  const folder =
    newest === undefined || existsSync(first) ? first : join(second, newest, "node_modules", name)
  return { spec, file, by: "name", name, folder, manifest: readManifest(folder) }
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
