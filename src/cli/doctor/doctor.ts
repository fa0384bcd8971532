import type { Context } from "../context.ts"
import type { Terminal } from "../terminal.ts"
import { accountsCheck } from "./check-accounts.ts"
import { databaseCheck, databaseTrouble } from "./check-database.ts"
import { filesCheck } from "./check-files.ts"
import { gitCheck } from "./check-git.ts"
import { logCheck } from "./check-log.ts"
import { networkCheck } from "./check-network.ts"
import { placesCheck } from "./check-places.ts"
import { pluginCheck } from "./check-plugin.ts"
import { providerCheck } from "./check-provider.ts"
import { regionsCheck } from "./check-regions.ts"
import { sourcesCheck } from "./check-sources.ts"
import { versionsCheck } from "./check-versions.ts"
import { examineAccounts } from "./examine-accounts.ts"
import { type Check, type DoctorContext, type Finding, problem, type RunProgram } from "./finding.ts"
import { reportText } from "./report.ts"

const CHECKS: readonly Check[] = [
  versionsCheck,
  placesCheck,
  pluginCheck,
  providerCheck,
  filesCheck,
  databaseCheck,
  gitCheck,
  networkCheck,
  sourcesCheck,
  accountsCheck,
  regionsCheck,
  logCheck,
]

/** The findings of one check. */
export interface Section {
  readonly title: string
  readonly findings: readonly Finding[]
}

export interface DoctorCall {
  readonly report: boolean
  readonly json: boolean
  /** The folder where the command was called. */
  readonly directory: string
  readonly run: RunProgram
}

/** Looks at everything; whether all is well. */
export async function examine(given: Context, call: DoctorCall): Promise<boolean> {
  const { terminal } = given
  const context = await prepare(given, call)
  const sections: Section[] = []
  for (const check of CHECKS) {
    const look = (): Promise<readonly Finding[]> => lookAt(check, context)
    const findings = await terminal.progress(`Looking at: ${check.title}`, look)
    if (findings.length > 0) sections.push({ title: check.title, findings })
  }
  const problems = sections.flatMap(({ findings }) => findings.filter(({ level }) => level === "problem"))
  if (call.json) terminal.out(JSON.stringify({ ok: problems.length === 0, sections }, null, 2))
  else if (call.report) terminal.out(reportText(context, sections))
  else show(sections, problems.length, terminal)
  return problems.length === 0
}

/** What is damaged or locked must be seen before anything opens it. */
async function prepare(given: Context, { directory, run }: DoctorCall): Promise<DoctorContext> {
  const trouble = await given.terminal.progress("Looking at kiro.db", () => databaseTrouble(given))
  const examined = { ...given, directory, run, databaseTrouble: trouble }
  if (trouble !== undefined) return { ...examined, accounts: [] }
  const accounts = await given.terminal.progress("Asking Kiro about the accounts", () =>
    examineAccounts(given),
  )
  return { ...examined, accounts }
}

/** A check that fails is itself a finding: the others still run. */
async function lookAt(check: Check, context: DoctorContext): Promise<readonly Finding[]> {
  try {
    return await check.look(context)
  } catch (error) {
    context.runtime.log.error("a check of doctor failed", { check: check.title, error })
    return [problem(`this could not be looked at: ${String(error)}`, "Report it with: doctor --report")]
  }
}

function show(sections: readonly Section[], problems: number, terminal: Terminal): void {
  for (const { title, findings } of sections) {
    terminal.out(terminal.paint("strong", title))
    for (const finding of findings) terminal.out(lineOf(finding, terminal))
  }
  terminal.out("")
  if (problems === 0) return terminal.out(terminal.paint("good", "All is well."))
  terminal.out(terminal.paint("bad", problems === 1 ? "One problem." : `${problems} problems.`))
}

function lineOf(finding: Finding, { paint }: Terminal): string {
  switch (finding.level) {
    case "good":
      return `  ${paint("good", "✓")} ${finding.text}`
    case "note":
      return `  ${paint("muted", "·")} ${finding.text}`
    case "problem":
      return `  ${paint("bad", "✗")} ${finding.text}\n    ${paint("strong", "→")} ${finding.remedy}`
    default:
      return finding satisfies never
  }
}
