import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { applyEdits, type JSONPath, modify, type Node, parse, type ParseError, parseTree } from "jsonc-parser"
import { asObject, isObject, type JsonObject, repeatedName } from "../../json.ts"
import {
  comparablePath,
  type Paths,
  type Place,
  type Project,
  readSmallFile,
  systemCode,
} from "../../settings/index.ts"

/** Of OpenCode, whose two versions are two hosts. */
export function majorOf(version: string | undefined): number | undefined {
  return version === undefined ? undefined : Number.parseInt(version, 10)
}

/** One of OpenCode's configuration files. */
export interface ConfigFile {
  readonly path: string
  /** Empty where there is none, or none that can be read. */
  readonly document: JsonObject
  /** Why it can't be read as JSON with comments; goes on after its path. */
  readonly trouble?: string
  /** Those of the names that are looked at which it has more than once: the last counts. */
  readonly repeated?: readonly string[]
}

interface Where {
  readonly place: Place
  readonly paths: Paths
  readonly directory: string
}

const NAMES = ["opencode.json", "opencode.jsonc"]

/** What OpenCode reads when it starts in this folder, the weakest first: files, and what a variable holds of one. */
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
  const files = onlyOnce([...globals, ...named, ...rest], place.platform)
  const managed = NAMES.map((name) => join(managedFolder(place), name))
  const read = (paths: readonly string[]) => paths.filter(existsSync).map(readConfigFile)
  return [...read(files), ...inEnvironment(env), ...read(managed)]
}

/** What the administrator of a computer decides, over all else. OpenCode's own tests name another. */
function managedFolder({ env, platform }: Place): string {
  const named = env["OPENCODE_TEST_MANAGED_CONFIG_DIR"]
  if (named) return named
  if (platform === "darwin") return "/Library/Application Support/opencode"
  return platform === "win32" ? join(env["ProgramData"] || "C:\\ProgramData", "opencode") : "/etc/opencode"
}

/** Under the name of its variable, where no file is. */
function inEnvironment(env: Place["env"]): readonly ConfigFile[] {
  const path = "OPENCODE_CONFIG_CONTENT"
  const text = env[path]
  return text ? [configOf(path, text)] : []
}

function onlyOnce(paths: readonly string[], platform: string): readonly string[] {
  const last = paths.toReversed().map((path) => [comparablePath(path, platform), path] as const)
  return [...new Map(last).values()].toReversed()
}

/**
 * What the terminal UI of OpenCode 2 reads beside its server's list, which OpenCode makes of tui.json at its first start:
 * a list in the environment takes the place of the file's.
 */
export function readCliConfig({ place, paths }: Pick<Where, "place" | "paths">): ConfigFile {
  const path = join(globalFolder(paths), "cli.json")
  const variable = "OPENCODE_CLI_CONFIG_CONTENT"
  const laidOver = readText(place.env[variable] ?? "")?.document
  if (Array.isArray(laidOver?.["plugins"])) return { path: variable, document: laidOver }
  return readConfigFile(path)
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

/** What the terminal UI of OpenCode 1 reads. */
export function tuiFiles(paths: Paths): readonly string[] {
  return ["tui.json", "tui.jsonc"].map((name) => join(globalFolder(paths), name))
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

/** JSON with comments and trailing commas. */
export function readConfigFile(path: string): ConfigFile {
  const file = readSmallFile(path)
  if (file.state === "missing") return { path, document: {} }
  return file.state === "failed" ? { path, document: {}, trouble: file.message } : configOf(path, file.text)
}

const LOOKED_AT = ["plugin", "plugins", "provider", "providers", "disabled_providers", "enabled_providers"]

function configOf(path: string, text: string): ConfigFile {
  const read = readText(text)
  if (read === undefined) return { path, document: {}, trouble: "is not JSON" }
  const { document, tree } = read
  return { path, document, repeated: LOOKED_AT.filter((name) => repeatedName(tree, [name]) !== undefined) }
}

interface ReadText {
  readonly document: JsonObject
  readonly tree: Node | undefined
}

function readText(text: string): ReadText | undefined {
  const errors: ParseError[] = []
  try {
    const document: unknown = parse(text, errors, { allowTrailingComma: true })
    return errors.length === 0 && isObject(document) ? { document, tree: parseTree(text) } : undefined
  } catch {
    // Nested deeper than the parser's stack.
    return undefined
  }
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
 * Says what it did, each thing once it is done. Comments, order and spacing of the rest stay as they are; the file as it
 * was has a copy beside it, one for all changes of one `unique`.
 */
export function* editConfig(file: string, edits: readonly Edit[], unique: string): Iterable<string> {
  const found = readSmallFile(file)
  if (found.state === "failed") throw new Error(`${file} ${found.message}`)
  const before = found.state === "text" ? found.text : "{}\n"
  const read = readText(before)
  if (read === undefined) throw new Error(`${file} is not JSON: correct it first`)
  const [twice] = edits.flatMap(({ path }) => repeatedName(read.tree, path) ?? [])
  if (twice !== undefined)
    throw new Error(`${file} names "${twice}" more than once, and the last counts: make one of them first`)
  const after = edits.reduce(applyEdit, before)
  if (after === before) return
  const backup = `${file}.${unique}.bak`
  try {
    if (found.state !== "missing" && !existsSync(backup)) {
      copyFileSync(file, backup)
      yield `kept ${file} as ${backup}`
    }
    mkdirSync(dirname(file), { recursive: true })
    // In its place: a link to a file in a folder of dotfiles stays one.
    writeFileSync(file, after)
  } catch (error) {
    throw new Error(`${file} can't be written (${systemCode(error)})`, { cause: error })
  }
  yield* edits.map((edit) => sayEdit(file, edit))
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
  const list: unknown = path.reduce<unknown>((part, key) => asObject(part)[key], parse(text))
  return { path, value: Array.isArray(list) ? list.toSpliced(at, 1) : undefined }
}

function sayEdit(file: string, { path, value, insert }: Edit): string {
  const key = path.join(".")
  if (value === undefined) return `took ${key} out of ${file}`
  const said = JSON.stringify(value)
  return insert === true ? `added ${said} to ${key} in ${file}` : `set ${said} as ${key} in ${file}`
}
