import { existsSync, readFileSync } from "node:fs"
import { redactText } from "../../settings/index.ts"
import type { DoctorContext, Finding } from "./finding.ts"

const LAST_LINES = 20

/** The findings and the last warnings of the log, as a text to paste: no token, no address, no home folder in it. */
export function reportText({ paths, place }: DoctorContext, findings: readonly Finding[]): string {
  const lines = findings.map((finding) => `[${finding.level}] ${finding.text}`)
  const text = [
    "opencode-kiro-auth doctor --report",
    "",
    ...lines,
    "",
    "Last warnings of the log:",
    ...lastWarnings(paths.log),
  ]
  return redactText(text.join("\n").replaceAll(place.home, "~"))
}

function lastWarnings(log: string): readonly string[] {
  if (!existsSync(log)) return ["(no log)"]
  const lines = readFileSync(log, "utf8").split("\n")
  const wanted = lines.filter((line) => /"level":"(?:warn|error)"/.test(line))
  return wanted.length > 0 ? wanted.slice(-LAST_LINES) : ["(none)"]
}
