import { existsSync, readFileSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { isObject, type JsonObject, parseJson, stringField } from "../../json.ts"
import type { DoctorContext } from "./finding.ts"

/** One of OpenCode's configuration files. */
export interface ConfigFile {
  readonly path: string
  /** `undefined` where it can't be read as JSON with comments. */
  readonly document: JsonObject | undefined
}

/** One entry of the `plugin` list. */
export interface PluginEntry {
  readonly spec: string
  readonly file: string
  /** The package's name, where the entry or the folder that it names tells it. */
  readonly name: string | undefined
}

const NAMES = ["opencode.json", "opencode.jsonc", "config.json"]

/** The configuration files that OpenCode reads when it starts in this folder. */
export function readConfigFiles({ place, paths, directory }: DoctorContext): readonly ConfigFile[] {
  const named = place.env["OPENCODE_CONFIG"]
  const folders = [
    paths.configDirectory,
    ...parents(directory).flatMap((folder) => [folder, join(folder, ".opencode")]),
  ]
  const files = [
    ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))),
    ...(named ? [named] : []),
  ]
  return [...new Set(files)].filter(existsSync).map((path) => ({ path, document: readJsonc(path) }))
}

/** The `plugin` entries of all files. */
export function pluginEntries(files: readonly ConfigFile[]): readonly PluginEntry[] {
  return files.flatMap(({ path, document }) => {
    const list: unknown = document?.["plugin"]
    if (!Array.isArray(list)) return []
    return list
      .map((entry: unknown): unknown => (Array.isArray(entry) ? entry[0] : entry))
      .filter((spec): spec is string => typeof spec === "string")
      .map((spec) => ({ spec, file: path, name: packageName(spec, dirname(path)) }))
  })
}

/** `@scope/name@1.2.3` → `@scope/name`; a path → the name in its package.json. */
function packageName(spec: string, base: string): string | undefined {
  if (!/^(?:file:|\.|\/|[A-Za-z]:\\)/.test(spec)) return /^(@?[^@]+)/.exec(spec)?.[1]
  const path = spec.startsWith("file:") ? fileURLToPath(spec) : isAbsolute(spec) ? spec : resolve(base, spec)
  for (const folder of parents(path)) {
    const manifest = join(folder, "package.json")
    if (existsSync(manifest)) return stringField(readJsonc(manifest) ?? {}, "name")
  }
  return undefined
}

function parents(folder: string): readonly string[] {
  const above = dirname(folder)
  return above === folder ? [folder] : [folder, ...parents(above)]
}

/** Strings stay as they are; comments and trailing commas go. */
const COMMENTS = /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=\s*[}\]])/g

function readJsonc(path: string): JsonObject | undefined {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    return undefined
  }
  const document = parseJson(text.replace(/^\uFEFF/, "").replace(COMMENTS, "$1"))
  return isObject(document) ? document : undefined
}
