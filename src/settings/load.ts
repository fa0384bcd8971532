import { isObject, type JsonObject, parseJson } from "../json.ts"
import type { Layer } from "./apply-layers.ts"
import { pathsFor, type Place, type Project, projectSettingsFiles } from "./paths.ts"
import type { SettingsProblem } from "./problem.ts"
import { readSmallFile } from "./read-file.ts"
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts"

export interface LoadedSettings {
  readonly settings: Settings
  readonly problems: readonly SettingsProblem[]
}

/**
 * Reads the user's kiro.json, those of the project over it and `KIRO_<KEY>` over both. Never rejects: a value that is not
 * allowed counts as not there, and is one problem that names its key and the allowed range. The rules load only where
 * there is something to judge, so that who has no settings pays nothing at the start.
 */
export async function loadSettings(place: Place & { readonly project?: Project }): Promise<LoadedSettings> {
  const problems: SettingsProblem[] = []
  const layers = layersOf(place, problems)
  if (layers.length === 0) return { settings: DEFAULT_SETTINGS, problems }
  const { applyLayers } = await import("./apply-layers.ts")
  const applied = applyLayers(layers)
  return { settings: applied.settings, problems: [...problems, ...applied.problems] }
}

/** The weakest first. */
function layersOf(
  place: Place & { readonly project?: Project },
  problems: SettingsProblem[],
): readonly Layer[] {
  const { project, platform, env } = place
  const layersOfKind = (kind: Layer["kind"], paths: readonly string[]): readonly Layer[] =>
    paths.flatMap((from): Layer[] => {
      const values = readLayer(from, problems)
      return values === undefined ? [] : [{ kind, from, values }]
    })
  const layers = [
    ...layersOfKind("user", pathsFor(place).settingsFiles),
    ...layersOfKind("project", project === undefined ? [] : projectSettingsFiles(platform, project)),
  ]
  const variables = environmentLayer(env)
  return variables === undefined ? layers : [...layers, variables]
}

function readLayer(path: string, problems: SettingsProblem[]): JsonObject | undefined {
  const unreadable = (reason: string): undefined => {
    problems.push({ kind: "unreadable-file", from: path, reason })
    return undefined
  }
  const file = readSmallFile(path)
  if (file.state === "missing") return undefined
  if (file.state === "failed") return unreadable(`it ${file.message}`)
  const values = parseJson(file.text.replace(/^\uFEFF/, ""))
  return isObject(values) ? values : unreadable("it is not a JSON object")
}

const PREFIX = "KIRO_"

/** The variables that may be settings, as text. */
function environmentLayer(env: Place["env"]): Layer | undefined {
  const entries = Object.entries(env).flatMap(([name, value]): [string, string][] => {
    const text = value?.trim()
    return name.startsWith(PREFIX) && text ? [[name.slice(PREFIX.length).toLowerCase(), text]] : []
  })
  if (entries.length === 0) return undefined
  return { kind: "environment", from: "environment", values: Object.fromEntries(entries) }
}
