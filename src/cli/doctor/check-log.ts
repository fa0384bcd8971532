import { isObject, parseJson, stringField } from "../../json.ts"
import { readSmallFile, redactText } from "../../settings/index.ts"
import { type Check, note } from "./finding.ts"

const LAST_LINES = 3

/** The last errors of the log: worth knowing, whether or not they are over. */
export const logCheck: Check = {
  title: "Last errors",
  look: async ({ paths }) =>
    lastLines(paths.log, ["error"])
      .slice(-LAST_LINES)
      .map((line) => note(shortly(line))),
}

/** The lines of the log, of these levels. */
export function lastLines(log: string, levels: readonly string[]): readonly string[] {
  const file = readSmallFile(log)
  if (file.state !== "text") return []
  const wanted = levels.map((level) => `"level":"${level}"`)
  return file.text.split("\n").filter((line) => wanted.some((part) => line.includes(part)))
}

function shortly(line: string): string {
  const entry = parseJson(line)
  if (!isObject(entry)) return redactText(line)
  const error = isObject(entry["error"]) ? stringField(entry["error"], "message") : undefined
  const text = [stringField(entry, "at"), stringField(entry, "message"), error].filter(Boolean).join("  ")
  return redactText(text)
}
