import { existsSync, readFileSync } from "node:fs"
import { isObject, parseJson } from "../../json.ts"
import {
  DEFAULT_SETTINGS,
  describeSettingsProblem,
  loadSettings,
  type Settings,
} from "../../settings/index.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"

/** kiro.json, what it changes, and OpenCode's auth.json. */
export const filesCheck: Check = {
  title: "Settings",
  look: async (context) => [...(await settingsFindings(context)), ...authFindings(context)],
}

async function settingsFindings({ place, directory, paths }: DoctorContext): Promise<Finding[]> {
  const { settings, problems } = await loadSettings({ ...place, projectDirectory: directory })
  if (problems.length > 0)
    return problems.map((found) => problem(describeSettingsProblem(found), "Correct it, or take it out."))
  const file = existsSync(paths.settingsFile) ? "kiro.json is in order" : "no kiro.json: defaults count"
  return [good(file), ...changes(settings)]
}

function changes(settings: Settings): Finding[] {
  const changed = Object.entries(settings).filter(
    ([key, value]) => value !== DEFAULT_SETTINGS[key as keyof Settings],
  )
  if (changed.length === 0) return []
  return [
    note(`not as by default: ${changed.map(([key, value]) => `${keyOf(key)} ${String(value)}`).join(", ")}`),
  ]
}

/** `useOverage` → `use_overage`, as it stands in kiro.json. */
function keyOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function authFindings({ paths }: DoctorContext): Finding[] {
  const { authFile } = paths
  if (!existsSync(authFile)) return []
  if (isObject(readJson(authFile)))
    return [good("auth.json is in order; opencode auth logout takes only the marker there, no account")]
  return [
    problem(
      `${authFile} can't be read as JSON`,
      `Correct it, or move it away (mv "${authFile}" "${authFile}.broken") and log in to your providers again.`,
    ),
  ]
}

function readJson(path: string): unknown {
  try {
    return parseJson(readFileSync(path, "utf8"))
  } catch {
    // A folder in its place, or no right to read it: the same trouble for OpenCode.
    return undefined
  }
}
