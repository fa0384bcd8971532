import { existsSync, readFileSync } from "node:fs"
import { isObject, parseJson } from "../../json.ts"
import { describeSettingsProblem, loadSettings } from "../../settings/index.ts"
import { type Check, type DoctorContext, type Finding, good, problem } from "./finding.ts"

/** kiro.json and OpenCode's auth.json. */
export const filesCheck: Check = {
  title: "kiro.json and auth.json",
  look: async (context) => [...(await settingsFindings(context)), ...authFindings(context)],
}

async function settingsFindings({ place, directory, paths }: DoctorContext): Promise<Finding[]> {
  const { problems } = await loadSettings({ ...place, projectDirectory: directory })
  if (problems.length > 0)
    return problems.map((found) => problem(describeSettingsProblem(found), "Correct or delete it."))
  return [
    good(
      existsSync(paths.settingsFile) ? `${paths.settingsFile} is in order` : "no kiro.json: defaults count",
    ),
  ]
}

function authFindings({ paths }: DoctorContext): Finding[] {
  const { authFile } = paths
  if (!existsSync(authFile)) return []
  if (isObject(parseJson(readFileSync(authFile, "utf8")))) return [good(`${authFile} is in order`)]
  return [
    problem(`${authFile} is not JSON`, "Correct it, or move it away and log in to your providers again."),
  ]
}
