import { existsSync } from "node:fs"
import { isObject, type JsonObject, parseJson } from "../../json.ts"
import {
  DEFAULT_SETTINGS,
  describeSettingsProblem,
  loadSettings,
  readSmallFile,
  type Settings,
} from "../../settings/index.ts"
import { projectOf } from "./opencode-config.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"

/** kiro.json, what it changes, and OpenCode's auth.json. */
export const filesCheck: Check = {
  title: "Settings",
  look: async (context) => [...(await settingsFindings(context)), ...authFindings(context)],
}

async function settingsFindings({ place, directory, paths }: DoctorContext): Promise<Finding[]> {
  const { settings, problems } = await loadSettings({ ...place, project: projectOf(directory) })
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
    note(
      `not as by default: ${changed.map(([key, value]) => `${keyOf(key)} ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ")}`,
    ),
  ]
}

/** `useOverage` → `use_overage`, as it stands in kiro.json. */
function keyOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function authFindings({ paths }: DoctorContext): Finding[] {
  const { authFile } = paths
  const file = readSmallFile(authFile)
  if (file.state === "missing") return []
  // A folder in its place, or no right to read it: the same trouble for OpenCode.
  const document = file.state === "text" ? parseJson(file.text) : undefined
  if (!isObject(document))
    return [
      problem(
        `${authFile} can't be read as JSON`,
        `Correct it, or move it away (mv "${authFile}" "${authFile}.broken") and log in to your providers again.`,
      ),
    ]
  if (isRemoteConfiguration(document))
    return [
      problem(
        `${authFile} says of kiro that OpenCode gets its configuration there (type wellknown): OpenCode can't start`,
        `Take the entry "kiro" out of it; the accounts are not in it.`,
      ),
    ]
  return [good("auth.json is in order; opencode auth logout takes only the marker there, no account")]
}

/** OpenCode 1.18 fetches a configuration from the name of every such entry, and fails where that is no address. */
function isRemoteConfiguration({ kiro }: JsonObject): boolean {
  return isObject(kiro) && kiro["type"] === "wellknown"
}
