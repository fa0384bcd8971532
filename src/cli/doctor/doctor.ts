import { accountName, fullName, ownName } from "../../accounts/index.ts"
import { messageOf, plainText } from "../../json.ts"
import { redactText } from "../../settings/index.ts"
import type { DoctorCommand } from "../command-line.ts"
import type { Context } from "../context.ts"
import type { Terminal } from "../terminal.ts"
import { accountsCheck, examineAccounts, regionsCheck } from "./accounts.ts"
import { databaseCheck, databaseTrouble, logLines, logCheck, placesCheck, settingsCheck } from "./files.ts"
import {
  type Check,
  type DoctorCall,
  type DoctorContext,
  type Finding,
  note,
  problem,
  stampOf,
} from "./finding.ts"
import { liveCheck } from "./live.ts"
import { networkCheck } from "./network.ts"
import { readConfigFiles } from "./opencode-config.ts"
import { type PluginEntry, pluginEntries, whyPassedOver } from "./plugin-list.ts"
import { pluginCheck, providerCheck } from "./plugin.ts"
import { gitCheck, opencodeVersion, publishedPackage, sourcesCheck, versionsCheck } from "./programs.ts"

const CHECKS: readonly Check[] = [
  versionsCheck,
  placesCheck,
  pluginCheck,
  providerCheck,
  settingsCheck,
  databaseCheck,
  gitCheck,
  networkCheck,
  sourcesCheck,
  accountsCheck,
  regionsCheck,
  logCheck,
]

/** The findings of one check. */
interface Section {
  readonly title: string
  readonly findings: readonly Finding[]
}

/** Looks at everything, and changes nothing but what `--fix` mends; whether all is well. */
export async function examine(given: Context, command: DoctorCommand, call: DoctorCall): Promise<boolean> {
  const { terminal } = given
  const at = { ...call, stamp: stampOf(given) }
  let context = await prepare(given, at)
  let sections = await look(context)
  const mended = command.fix ? mend(sections) : []
  if (mended.length > 0) {
    context = await prepare(given, at)
    sections = await look(context)
  }
  if (command.live) sections.push(await liveSection(context, command))
  const problems = sections.flatMap(({ findings }) => findings.filter(({ level }) => level === "problem"))
  const ok = problems.length === 0
  if (command.json) {
    const told = (text: string): string => (command.report ? anonymous(text, context) : text)
    const whatWas = (done: boolean): readonly string[] =>
      mended.filter((each) => each.done === done).map(({ text }) => told(text))
    const document = {
      ok,
      ...(command.fix && { fixed: whatWas(true), notFixed: whatWas(false) }),
      sections: sections.map((section) => documentOf(section, told)),
    }
    terminal.json(document)
  } else if (command.report) terminal.out(reportText(context, sections, mended))
  else {
    show(context, sections)
    for (const { done, text } of mended)
      terminal.out(
        `${done ? terminal.paint("good", "mended:") : terminal.paint("bad", "✗")} ${terminal.wrap(text, 2)}`,
      )
    if (command.fix && mended.length === 0) terminal.out("There was nothing to mend without asking.")
    conclude(context, problems, command)
  }
  return ok
}

/** What is damaged or locked must be seen before anything opens it. */
async function prepare(
  given: Context,
  at: DoctorCall & Pick<DoctorContext, "stamp">,
): Promise<DoctorContext> {
  const trouble = await given.terminal.progress("Looking at kiro.db", () => databaseTrouble(given))
  const configs = readConfigFiles({ ...given, directory: at.directory })
  const listed = pluginEntries(configs, given.place)
  const [opencode, published] = await given.terminal.progress("Asking OpenCode and npm", () =>
    Promise.all([opencodeVersion(at.run), publishedPackage(at.run)]),
  )
  const accounts =
    trouble === undefined
      ? await given.terminal.progress("Asking Kiro about the accounts", () => examineAccounts(given))
      : []
  const isPassedOver = (entry: PluginEntry): boolean => whyPassedOver(entry, opencode) !== undefined
  return {
    ...given,
    ...at,
    opencode,
    published,
    configs,
    entries: listed.filter((entry) => !isPassedOver(entry)),
    passedOver: listed.filter(isPassedOver),
    databaseTrouble: trouble,
    accounts,
  }
}

async function look(context: DoctorContext): Promise<Section[]> {
  const sections: Section[] = []
  for (const check of CHECKS) {
    const findings = await context.terminal.progress(`Looking at: ${check.title}`, () =>
      lookAt(check, context),
    )
    if (findings.length > 0) sections.push({ title: check.title, findings })
  }
  return sections
}

/** A check that fails is itself a finding: the others still run. */
async function lookAt(check: Check, context: DoctorContext): Promise<readonly Finding[]> {
  try {
    return await check.look(context)
  } catch (error) {
    const remedy = `Report it with: \`${context.command} doctor --report\``
    return [problem(`this could not be looked at: ${String(error)}`, remedy)]
  }
}

/** One thing that was mended, or could not be. */
interface Mended {
  readonly done: boolean
  readonly text: string
}

function mend(sections: readonly Section[]): readonly Mended[] {
  const mended: Mended[] = []
  for (const finding of sections.flatMap(({ findings }) => findings)) {
    if (finding.level !== "problem" || finding.mend === undefined) continue
    try {
      for (const text of finding.mend()) mended.push({ done: true, text })
    } catch (error) {
      const why = messageOf(error)
      mended.push({ done: false, text: `could not mend "${finding.text}": ${why}` })
    }
  }
  return mended
}

async function liveSection(context: DoctorContext, { yes }: DoctorCommand): Promise<Section> {
  const title = "Live"
  const { terminal } = context
  const question =
    "This sends up to three tiny messages to Kiro, as OpenCode would; they cost a few hundredths of a credit. Go on?"
  const agreed = yes ? true : await terminal.confirm(question)
  if (agreed === true)
    return { title, findings: await terminal.progress("Talking to Kiro", () => liveCheck(context)) }
  if (agreed === false) return { title, findings: [note("nothing was sent: you said no")] }
  // What was asked for was not done: a machine that is told that all is well would think it was.
  const remedy = `To say yes: \`${context.command} doctor --live --yes\``
  return { title, findings: [problem("nothing was sent: nobody can be asked here", remedy)] }
}

function documentOf({ title, findings }: Section, told: (text: string) => string) {
  return {
    title,
    findings: findings.map((finding) => {
      const { level, text } = finding
      if (level !== "problem") return { level, text: told(text) }
      const { remedy, mend: mends } = finding
      return { level, text: told(text), remedy: told(remedy), mendable: mends !== undefined }
    }),
  }
}

function show({ terminal, place }: DoctorContext, sections: readonly Section[]): void {
  for (const { title, findings } of sections) {
    terminal.out(terminal.paint("strong", title))
    for (const finding of findings) terminal.out(linesOf(finding, terminal, place.home))
  }
  terminal.out("")
}

function conclude(
  { terminal, command }: DoctorContext,
  problems: readonly Finding[],
  { fix }: DoctorCommand,
): void {
  if (problems.length === 0) return terminal.out(terminal.paint("good", "All is well."))
  terminal.out(terminal.paint("bad", problems.length === 1 ? "One problem." : `${problems.length} problems.`))
  const mendable = problems.filter((finding) => finding.level === "problem" && finding.mend !== undefined)
  if (!fix && mendable.length > 0)
    terminal.out(
      `${mendable.length === 1 ? "One is" : `${mendable.length} are`} mended by: ${command} doctor --fix`,
    )
}

/** A remedy keeps the whole path, which may be meant to be typed. */
function linesOf(finding: Finding, { paint, wrap }: Terminal, home: string): string {
  switch (finding.level) {
    case "good":
      return `  ${paint("good", "✓")} ${wrap(withoutHome(finding.text, home), 4)}`
    case "note":
      return `  ${paint("muted", "·")} ${wrap(withoutHome(finding.text, home), 4)}`
    case "problem":
      return [
        `  ${paint("bad", "✗")} ${wrap(finding.text, 4)}`,
        `    ${paint("strong", "→")} ${wrap(finding.remedy, 6)}`,
      ].join("\n")
    default:
      return finding satisfies never
  }
}

const LAST_LINES = 20

/** The findings, what was mended and the last warnings of the log, as a text to paste into an issue. */
function reportText(context: DoctorContext, sections: readonly Section[], mended: readonly Mended[]): string {
  const lines = sections.flatMap(({ title, findings }) => [
    `${title}:`,
    ...findings.map(({ level, text }) => `  [${level}] ${plainText(text)}`),
  ])
  const warnings = logLines(context.paths.log, ["warn", "error"]).slice(-LAST_LINES)
  const last = warnings.length > 0 ? warnings : ["(none)"]
  const text = [
    "opencode-kiro-auth doctor --report",
    "",
    ...lines,
    ...(mended.length > 0 ? ["Mended:"] : []),
    ...mended.map(({ done, text }) => `  [${done ? "mended" : "failed"}] ${plainText(text)}`),
    "",
    "Last warnings of the log:",
    ...last,
  ]
  return anonymous(text.join("\n"), context)
}

/** No token, e-mail address, label, AWS account, start URL or home folder: what is left can be public. */
function anonymous(text: string, { accounts, settings, place }: DoctorContext): string {
  const { accountRules, idcStartUrl } = settings
  const names = [
    ...accounts.flatMap(({ account }) =>
      [fullName, accountName].map((nameOf) => ({ name: nameOf(account), shown: ownName(account) })),
    ),
    // Of an account that is not here, such as one of another computer's.
    ...accountRules.map(({ account }) => ({ name: account, shown: "[account]" })),
    ...(idcStartUrl === undefined ? [] : [{ name: idcStartUrl, shown: "[start-url]" }]),
  ]
  const unnamed = names.reduce((rest, { name, shown }) => rest.replaceAll(wholeWord(name), () => shown), text)
  return redactText(withoutHome(unnamed, place.home))
    .replaceAll(/\b\d{12}\b/g, "[aws-account]")
    .replaceAll(/[\w-]+(?=\.awsapps\.)/g, "[start-url]")
}

/** A label may be a part of other words: of "work" there is one in "Network". */
function wholeWord(text: string): RegExp {
  return new RegExp(String.raw`(?<![\p{L}\p{N}_])${escaped(text)}(?![\p{L}\p{N}_])`, "gu")
}

/**
 * The home folder holds its user's name. It stands in texts with either slash, doubled in JSON, as a file's URL, in any
 * case, with its accents apart, shortened, encoded for a URL, and with the drive in the ways of Windows, of its network
 * and of the shells on it.
 */
export function withoutHome(text: string, home: string): string {
  const [drive, ...names] = home.split(/[\\/]+/)
  if (names.every((name) => name === "")) return text
  const letter = /^([A-Za-z]):$/.exec(drive ?? "")?.[1]
  const start =
    letter === undefined ? spelled(drive ?? "") : `(?:${letter}(?:[:$]|%3A)|/mnt/${letter}|/${letter})`
  const forms = letter === undefined ? spelled : (name: string) => `(?:${spelled(name)}|${shortened(name)})`
  const path = [start, ...names.filter((name) => name !== "").map(forms)].join(String.raw`(?:[\\/]|%5C|%2F)+`)
  return text.replaceAll(new RegExp(String.raw`${path}(?![\w-])`, "gi"), "~")
}

/** A name's letters, each as it is, with its accent apart as macOS writes it, or as a URL has it. */
function spelled(name: string): string {
  return [...name.normalize("NFC")]
    .map((letter) => {
      const accented = [letter, letter.normalize("NFD")]
      const all = new Set([...accented, ...accented.map(encodeURIComponent)])
      return `(?:${[...all].map(escaped).join("|")})`
    })
    .join("")
}

/** As Windows itself shortens a name, in the folder for temporary files: ANNLEE~1, ANN~1.SMI, from the fifth on AN3F2C~1. */
function shortened(name: string): string {
  const dot = name.lastIndexOf(".")
  const letters = (part: string, count: number): string =>
    spelled(part.replaceAll(/[ .]/g, "").slice(0, count))
  const base = dot > 0 ? name.slice(0, dot) : name
  const end = dot > 0 ? String.raw`\.${letters(name.slice(dot), 3)}` : ""
  return `(?:${letters(base, 6)}|${letters(base, 2)}[0-9A-F]{4})~\\d+${end}`
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
