import { existsSync, readdirSync, statSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { isObject, type JsonObject, parseJson, stringField } from "../../json.ts"
import { type Place, readSmallFile } from "../../settings/index.ts"
import type { ConfigFile } from "./opencode-config.ts"

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

/** The `plugin` entries of all files. */
export function pluginEntries(files: readonly ConfigFile[], place: Place): readonly PluginEntry[] {
  return files.flatMap(({ path, document }) => {
    const list: unknown = document?.["plugin"]
    if (!Array.isArray(list)) return []
    return list
      .map((entry: unknown): unknown => (Array.isArray(entry) ? entry[0] : entry))
      .filter((spec): spec is string => typeof spec === "string")
      .map((spec) => readEntry(spec, path, place))
  })
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
  const path = spec.startsWith("file:")
    ? fileURLToPath(spec)
    : isAbsolute(spec)
      ? spec
      : resolve(dirname(file), spec)
  const folder = packageFolder(path) ?? path
  const manifest = readManifest(folder)
  return { spec, file, by: "path", name: manifest && stringField(manifest, "name"), folder, manifest }
}

/** `@scope/name@1.2.3`; OpenCode 1.18 keeps its copy of it in a folder of that name. */
function named(spec: string, file: string, { env, home }: Place): PluginEntry {
  const name = /^(@?[^@]+)/.exec(spec)?.[1] ?? spec
  const copy = spec === name ? `${name}@latest` : spec
  const cache = env["XDG_CACHE_HOME"] || join(home, ".cache")
  const folder = join(cache, "opencode", "packages", copy, "node_modules", name)
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
