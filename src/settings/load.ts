import { readFileSync } from "node:fs"
import { isObject, type JsonObject, parseJson } from "../json.ts"
import { IGNORED_KEYS, keyOf, KEYS, type SettingName, SETTING_NAMES } from "./keys.ts"
import { pathsFor, type Place, projectSettingsFile } from "./paths.ts"
import type { SettingsProblem } from "./problem.ts"
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts"

export interface LoadedSettings {
  readonly settings: Settings
  readonly problems: readonly SettingsProblem[]
}

/** One place that settings come from. */
interface Layer {
  /** For messages: the file's path, or `environment`. */
  readonly from: string
  readonly project: boolean
  readonly values: JsonObject
}

/**
 * Reads the user's kiro.json, the project's over it and `KIRO_<KEY>` over both. Never throws: a value that is not
 * allowed counts as not there, and is one problem that names its key and the allowed range.
 */
export function loadSettings(place: Place & { readonly projectDirectory?: string }): LoadedSettings {
  const problems: SettingsProblem[] = []
  const layers = layersOf(place, problems)
  for (const layer of layers) problems.push(...unknownKeys(layer))
  const chosen = SETTING_NAMES.flatMap((name): [SettingName, unknown][] =>
    layers.flatMap((layer): [SettingName, unknown][] => {
      const value = valueOf(name, layer, problems)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return { settings: { ...DEFAULT_SETTINGS, ...Object.fromEntries(chosen) }, problems }
}

function valueOf(name: SettingName, { values, project, from }: Layer, problems: SettingsProblem[]): unknown {
  const { rule, userOnly } = KEYS[name]
  const key = keyOf(name)
  const raw = values[key]
  if (raw === undefined || raw === null) return undefined
  if (userOnly && project) {
    problems.push({ kind: "not-in-project", key, from })
    return undefined
  }
  const value = rule.read(raw)
  if (value === undefined) problems.push({ kind: "bad-value", key, allowed: rule.allowed, from })
  return value
}

/** The weakest first. */
function layersOf(
  place: Place & { readonly projectDirectory?: string },
  problems: SettingsProblem[],
): readonly Layer[] {
  const files = pathsFor(place).settingsFiles.map((path) => ({ path, project: false }))
  if (place.projectDirectory !== undefined)
    files.push({ path: projectSettingsFile(place.platform, place.projectDirectory), project: true })
  const layers = files.flatMap(({ path, project }): Layer[] => {
    const values = readLayer(path, problems)
    return values === undefined ? [] : [{ from: path, project, values }]
  })
  return [...layers, { from: "environment", project: false, values: environmentValues(place.env) }]
}

function readLayer(path: string, problems: SettingsProblem[]): JsonObject | undefined {
  const unreadable = (reason: string): undefined => {
    problems.push({ kind: "unreadable-file", from: path, reason })
    return undefined
  }
  let content: string
  try {
    content = readFileSync(path, "utf8")
  } catch (error) {
    const code = isObject(error) ? error["code"] : undefined
    return code === "ENOENT" || code === "ENOTDIR"
      ? undefined
      : unreadable(`it can't be read (${String(code)})`)
  }
  const values = parseJson(content.replace(/^\uFEFF/, ""))
  return isObject(values) ? values : unreadable("it is not a JSON object")
}

function environmentValues(env: Place["env"]): JsonObject {
  const entries = SETTING_NAMES.flatMap((name): [string, unknown][] => {
    const key = keyOf(name)
    const text = env[`KIRO_${key.toUpperCase()}`]?.trim()
    return text === undefined || text === "" ? [] : [[key, KEYS[name].rule.readText(text)]]
  })
  return Object.fromEntries(entries)
}

function unknownKeys({ values, from }: Layer): SettingsProblem[] {
  const known = new Set(SETTING_NAMES.map(keyOf))
  return Object.keys(values)
    .filter((key) => !known.has(key) && !IGNORED_KEYS.has(key))
    .map((key) => ({ kind: "unknown-key", key, from }))
}
