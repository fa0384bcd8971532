import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { isObject, type JsonObject, parseJson } from "../../json.ts"
import { readSmallFile } from "../../settings/index.ts"
import type { DoctorContext } from "./finding.ts"

/** One of OpenCode's configuration files. */
export interface ConfigFile {
  readonly path: string
  /** `undefined` where it can't be read as JSON with comments. */
  readonly document: JsonObject | undefined
}

/** The configuration files that OpenCode 1.18 reads when it starts in this folder, the weakest first. */
export function readConfigFiles(context: DoctorContext): readonly ConfigFile[] {
  const { place, directory } = context
  const { env } = place
  const globals = [globalFolder(context), ...context.paths.configDirectories].flatMap((folder) =>
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
  return [...new Set([...globals, ...named, ...rest])]
    .filter(existsSync)
    .map((path) => ({ path, document: readJsonc(path) }))
}

const NAMES = ["opencode.json", "opencode.jsonc"]

/** OpenCode's own configuration folder: on Windows too it is the one of the XDG directories. */
export function globalFolder({ paths }: Pick<DoctorContext, "paths">): string {
  return paths.configDirectories.at(-1) ?? paths.configDirectory
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

/** Strings stay as they are. A comment that never ends takes the rest: else each would be looked for to the end again. */
const COMMENTS = /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*(?:[\s\S]*?\*\/|[\s\S]*)/g
const TRAILING_COMMAS = /("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g

/** JSON with comments and trailing commas; `undefined` where it is something else or can't be read. */
function readJsonc(path: string): JsonObject | undefined {
  const file = readSmallFile(path)
  if (file.state !== "text") return undefined
  const plain = file.text
    .replace(/^\uFEFF/, "")
    .replace(COMMENTS, "$1")
    .replace(TRAILING_COMMAS, "$1")
  const document = parseJson(plain)
  return isObject(document) ? document : undefined
}
