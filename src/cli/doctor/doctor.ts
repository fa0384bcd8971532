import type { Terminal } from "../terminal.ts"
import { accountsCheck } from "./check-accounts.ts"
import { databaseCheck } from "./check-database.ts"
import { filesCheck } from "./check-files.ts"
import { gitCheck } from "./check-git.ts"
import { networkCheck } from "./check-network.ts"
import { pluginCheck } from "./check-plugin.ts"
import { providerCheck } from "./check-provider.ts"
import { versionsCheck } from "./check-versions.ts"
import type { Check, DoctorContext, Finding } from "./finding.ts"
import { problem } from "./finding.ts"
import { reportText } from "./report.ts"

/** The database before the accounts: what is damaged must be seen before anything opens it. */
const CHECKS: readonly Check[] = [
  versionsCheck,
  pluginCheck,
  providerCheck,
  filesCheck,
  databaseCheck,
  gitCheck,
  networkCheck,
  accountsCheck,
]

/** Looks at everything; whether all is well. */
export async function examine(
  context: DoctorContext,
  { report, json }: { readonly report: boolean; readonly json: boolean },
): Promise<boolean> {
  const { terminal } = context
  const findings: Finding[] = []
  for (const check of CHECKS) {
    const found = await terminal.progress(`Looking at ${check.title}`, () => lookAt(check, context))
    findings.push(...found)
    if (check === databaseCheck && found.some(({ level }) => level === "problem")) break
  }
  if (json) terminal.out(JSON.stringify({ findings }, null, 2))
  else if (report) terminal.out(reportText(context, findings))
  else for (const finding of findings) terminal.out(lineOf(finding, terminal))
  return findings.every(({ level }) => level !== "problem")
}

/** A check that fails is itself a finding: the others still run. */
async function lookAt(check: Check, context: DoctorContext): Promise<readonly Finding[]> {
  try {
    return await check.look(context)
  } catch (error) {
    context.runtime.log.error("a check of doctor failed", { check: check.title, error })
    return [
      problem(`${check.title} could not be looked at: ${String(error)}`, "Report it with: doctor --report"),
    ]
  }
}

function lineOf(finding: Finding, { paint }: Terminal): string {
  switch (finding.level) {
    case "good":
      return `${paint("good", "✓")} ${finding.text}`
    case "note":
      return `${paint("muted", "·")} ${finding.text}`
    case "problem":
      return `${paint("bad", "✗")} ${finding.text}\n  ${paint("strong", "→")} ${finding.remedy}`
    default:
      return finding satisfies never
  }
}
