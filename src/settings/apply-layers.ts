import type { JsonObject } from "../json.ts"
import { IGNORED_KEYS, keyOf, KEYS, type SettingName, SETTING_NAMES } from "./keys.ts"
import type { LoadedSettings } from "./load.ts"
import type { SettingsProblem } from "./problem.ts"
import { DEFAULT_SETTINGS } from "./settings.ts"

/** One place that settings come from. */
export interface Layer {
  /** A project's file may be an untrusted repository's. The environment's values are texts, and may be no settings. */
  readonly kind: "user" | "project" | "environment"
  /** For messages: the file's path, or `environment`. */
  readonly from: string
  readonly values: JsonObject
}

/** The settings that the layers come to, the weakest first. */
export function applyLayers(layers: readonly Layer[]): LoadedSettings {
  const problems = layers.flatMap(unknownKeys)
  const chosen = SETTING_NAMES.flatMap((name): [SettingName, unknown][] =>
    layers.flatMap((layer): [SettingName, unknown][] => {
      const value = valueOf(name, layer, problems)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return { settings: { ...DEFAULT_SETTINGS, ...Object.fromEntries(chosen) }, problems }
}

function valueOf(name: SettingName, layer: Layer, problems: SettingsProblem[]): unknown {
  const { rule, projectMayNot } = KEYS[name]
  const key = keyOf(name)
  const { kind, from } = layer
  const stated = layer.values[key]
  const raw = kind === "environment" && typeof stated === "string" ? rule.readText(stated) : stated
  if (raw === undefined || raw === null) return undefined
  if (kind === "project" && (projectMayNot === "set" || (projectMayNot === "switch on" && raw !== false))) {
    problems.push({ kind: "not-in-project", key, from })
    return undefined
  }
  const value: unknown = rule.read(raw)
  if (value === undefined) problems.push({ kind: "bad-value", key, allowed: rule.allowed, from })
  return value
}

function unknownKeys({ kind, values, from }: Layer): SettingsProblem[] {
  if (kind === "environment") return []
  const known = new Set(SETTING_NAMES.map(keyOf))
  return Object.keys(values)
    .filter((key) => !known.has(key) && !IGNORED_KEYS.has(key))
    .map((key) => ({ kind: "unknown-key", key, from }))
}
