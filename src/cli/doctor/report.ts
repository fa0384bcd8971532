import { accountName } from "../../accounts/index.ts"
import { redactText } from "../../settings/index.ts"
import { lastLines } from "./check-log.ts"
import type { Section } from "./doctor.ts"
import type { DoctorContext } from "./finding.ts"

const LAST_LINES = 20

/** The findings and the last warnings of the log, as a text to paste into an issue. */
export function reportText(context: DoctorContext, sections: readonly Section[]): string {
  const lines = sections.flatMap(({ title, findings }) => [
    `${title}:`,
    ...findings.map((finding) => `  [${finding.level}] ${finding.text}`),
  ])
  const warnings = lastLines(context.paths.log, ["warn", "error"]).slice(-LAST_LINES)
  const last = warnings.length > 0 ? warnings : ["(none)"]
  const text = ["opencode-kiro-auth doctor --report", "", ...lines, "", "Last warnings of the log:", ...last]
  return anonymous(text.join("\n"), context)
}

/** No token, e-mail address, label, AWS account, start URL or home folder: what is left can be public. */
function anonymous(text: string, { accounts, place }: DoctorContext): string {
  const unlabelled = accounts.reduce((rest, { account }) => {
    const { label: _, ...plain } = account
    return rest.replaceAll(accountName(account), accountName(plain))
  }, text)
  const homeless = place.home.length > 1 ? unlabelled.replaceAll(place.home, "~") : unlabelled
  return redactText(homeless)
    .replaceAll(/\b\d{12}\b/g, "[aws-account]")
    .replaceAll(/[\w-]+(?=\.awsapps\.)/g, "[start-url]")
}
