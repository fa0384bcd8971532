import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { release } from "node:os"
import { basename, join, win32 } from "node:path"
import { accountName, type Login, type SourceProblem, sourceTrouble } from "../../accounts/index.ts"
import { kiroCliDatabases } from "../../import/index.ts"
import { asObject, parseJson, stringField } from "../../json.ts"
import type { Place } from "../../settings/index.ts"
import { PACKAGE, VERSION } from "../../version.ts"
import { SIGN_IN } from "../command-line.ts"
import { databaseRemedy } from "./files.ts"
import {
  type Check,
  type DoctorContext,
  type Finding,
  good,
  note,
  problem,
  type Published,
  type RunProgram,
} from "./finding.ts"

const PATIENCE_MS = 15_000

/** Runs programs of the user's PATH, never one that lies in the folder where the command was called. */
export function programRunner(place: Place): RunProgram {
  return (program, args) =>
    new Promise((resolve) => {
      const { file, args: given, env, cwd } = callOf(place, program, args)
      const options = { timeout: PATIENCE_MS, encoding: "utf8", windowsHide: true, env, cwd } as const
      execFile(file, given, options, (error, stdout) => {
        if (error === null) return resolve({ outcome: "ended", code: 0, stdout })
        if (typeof error.code !== "number") return resolve({ outcome: "not-run" })
        resolve({ outcome: "ended", code: error.code, stdout })
      })
    })
}

/** What npm installs on Windows are scripts, which only the command interpreter starts; their arguments are ours. */
const SCRIPTS_ON_WINDOWS = ["npm", "opencode"]

/** What makes a Bun of OpenCode's program, in which this command may run: the OpenCode that is asked is to be itself. */
const AS_BUN = "BUN_BE_BUN"

export interface ProgramCall {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Record<string, string>
  readonly cwd: string
}

/**
 * What is started: never a shell with an argument that came from elsewhere. Windows looks for a program in the current
 * folder before the PATH, which a repository may have planted there: so it is started in the system's own folder, and
 * told not to; relative folders of the PATH would be the same door, on every system.
 */
export function callOf(
  { env, platform, home }: Place,
  program: string,
  args: readonly string[],
): ProgramCall {
  const own = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value === undefined || name === AS_BUN
      ? []
      : [[name, /^path$/i.test(name) ? absoluteFolders(value, platform) : value]],
  )
  if (platform !== "win32") return { file: program, args, env: Object.fromEntries(own), cwd: home || "/" }
  const variable = (wanted: string): string | undefined =>
    own.find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1]
  const system = win32.join(variable("SystemRoot") ?? "C:\\Windows", "System32")
  const safe = { ...Object.fromEntries(own), NoDefaultCurrentDirectoryInExePath: "1" }
  if (!SCRIPTS_ON_WINDOWS.includes(program)) return { file: program, args, env: safe, cwd: system }
  const interpreter = win32.join(system, "cmd.exe")
  return { file: interpreter, args: ["/d", "/c", program, ...args], env: safe, cwd: system }
}

function absoluteFolders(path: string, platform: string): string {
  const [separator, isAbsolute] =
    platform === "win32"
      ? ([";", (folder: string) => /^"?(?:[A-Za-z]:[\\/]|\\\\)/.test(folder)] as const)
      : ([":", (folder: string) => folder.startsWith("/")] as const)
  return path.split(separator).filter(isAbsolute).join(separator)
}

/** The version of the OpenCode on the PATH. */
export async function opencodeVersion(run: RunProgram): Promise<string | undefined> {
  const answer = await run("opencode", ["--version"])
  const version = answer.outcome === "ended" && answer.code === 0 ? answer.stdout.trim() : ""
  return /\d+\.\d+\.\d+\S*/.exec(version)?.[0]
}

/** The question goes through the user's own npm, and so to the registry and the proxy that are set there. */
export async function publishedPackage(run: RunProgram): Promise<Published> {
  const args = ["view", PACKAGE, "version", "repository.url", "--json", "--fetch-retries=0"]
  const answer = await run("npm", args)
  if (answer.outcome === "not-run") return { state: "unknown" }
  const document = parseJson(answer.stdout)
  if (answer.code !== 0) {
    const error = asObject(asObject(document)["error"])
    return { state: stringField(error, "code") === "E404" ? "nothing" : "unknown" }
  }
  // One field alone is printed bare.
  if (typeof document === "string") return { state: "version", version: document, repository: undefined }
  const fields = asObject(document)
  const version = stringField(fields, "version")
  if (version === undefined) return { state: "unknown" }
  return { state: "version", version, repository: stringField(fields, "repository.url") }
}

/** What runs here, and whether a newer plugin is published by those who made this one. */
export const versionsCheck: Check = {
  title: "Versions",
  async look({ opencode, published, place, command }) {
    const bun = process.versions["bun"]
    const runtime = bun === undefined ? `Node ${process.versions.node}` : `Bun ${bun}`
    const host = opencode === undefined ? "OpenCode is not on the PATH" : `OpenCode ${opencode}`
    const here = [
      good(`${PACKAGE} ${VERSION}, ${host}, ${runtime}, ${place.platform} ${release()}`),
      note(`this command: ${command}`),
    ]
    if (opencode !== undefined && (await isOlder(opencode, OLDEST_HOST)))
      here.push(problem(`OpenCode ${opencode} is older than ${OLDEST_HOST}`, "Update it: `opencode upgrade`"))
    if (published.state !== "version") return here
    if (published.repository === undefined || !(await isOlder(VERSION, published.version))) return here
    return [
      ...here,
      problem(
        `${published.version} is published (${published.repository}), this command is ${VERSION}`,
        `Where that is where you have this one from: \`${command} update\``,
      ),
    ]
  },
}

const OLDEST_HOST = "1.18.27"

/** Whether a version comes before another (semver §11); what is none comes before none. */
export async function isOlder(version: string, than: string): Promise<boolean> {
  const { lt, valid } = await import("semver")
  return valid(version) !== null && valid(than) !== null && lt(version, than)
}

/**
 * Dotfiles are often kept in git: a pushed kiro.db would hand every login to whoever reads the repository. Git is asked
 * inside the folder by bare names, so that a folder which is a link into a repository counts as what it is.
 */
export const gitCheck: Check = {
  title: "Git",
  async look({ paths, run }) {
    const { configDirectory, database, spill } = paths
    if (!existsSync(database)) return []
    const git = async (...args: readonly string[]): Promise<string | undefined> => {
      const answer = await run("git", ["-C", configDirectory, ...args])
      return answer.outcome === "ended" && answer.code === 0 ? answer.stdout : undefined
    }
    if ((await git("rev-parse", "--is-inside-work-tree"))?.trim() !== "true") return []
    const name = basename(database)
    const secret = [name, `${name}-wal`, basename(spill)]
    if ((await git("ls-files", "--error-unmatch", name)) !== undefined)
      return [
        problem(
          `${database} is committed to git, with your tokens`,
          `Run: \`git -C "${configDirectory}" rm --cached ${name}\`; add the lines ${name}* and ${basename(spill)}* to ` +
            `its .gitignore; where it was pushed, sign in again.`,
        ),
      ]
    const lines = (await git("check-ignore", "--no-index", ...secret))?.split(/\r?\n/) ?? []
    if (secret.every((file) => lines.includes(file))) return [good("git ignores kiro.db")]
    return [
      problem(
        `${database} lies in a git work tree and is not ignored`,
        `Add the lines ${name}* and ${basename(spill)}* to ${join(configDirectory, ".gitignore")}.`,
      ),
    ]
  },
}

/** The stores of other programs that logins come from: whether they are there, readable and still good. */
export const sourcesCheck: Check = {
  title: "Logins of other programs",
  async look(context) {
    const readings = await Promise.all(context.sources.map((source) => source.read()))
    const problems = readings.flatMap((reading) => reading.problems)
    // kiro.db is read as an older plugin's store too: what is wrong with it has been said.
    const others = problems.filter(
      ({ file }) => context.databaseTrouble === undefined || file !== context.paths.database,
    )
    const { platform } = context.place
    const unreadable = others.map((other) => problem(sourceTrouble(other), remedyOfSource(other, platform)))
    // What is not to be looked at brings no login, whatever is done there.
    if (!context.settings.autoSyncKiroCli) return unreadable
    return [...unreadable, ...(unreadable.length === 0 ? gone(context) : []), ...stale(context)]
  },
}

function remedyOfSource(found: SourceProblem, platform: string): string {
  const { source, file: path, failure } = found
  if (source === "kiro-ide") return "Sign in again in the Kiro IDE."
  const [owner, signIn] = isFromKiroCli(found) ? ["kiro-cli", "`kiro-cli login`"] : ["OpenCode", SIGN_IN]
  const after = `Sign in again: ${signIn}`
  return failure === undefined ? after : databaseRemedy(failure, { path, platform, owner, after })
}

/** Accounts that have nothing but kiro-cli's store, which is not there any more. */
function gone({ accounts, place }: DoctorContext): readonly Finding[] {
  const stores = kiroCliDatabases(place)
  if (stores.some(existsSync)) return []
  const left = accounts.filter(({ account: { logins } }) => logins.length > 0 && logins.every(isFromKiroCli))
  if (left.length === 0) return []
  const names = left.map(({ account }) => accountName(account)).join(", ")
  return [
    problem(
      `${names} came from kiro-cli, whose store is gone (${stores[0] ?? ""})`,
      `Run: \`kiro-cli login\`, or keep ${left.length === 1 ? "it" : "them"} without kiro-cli by: \`opencode auth login\``,
    ),
  ]
}

/** Another login of the same account goes on working; kiro-cli itself does not. */
function stale({ accounts }: DoctorContext): readonly Finding[] {
  return accounts.flatMap(({ account }) =>
    account.health.state === "revoked"
      ? []
      : account.logins
          .filter((login) => isFromKiroCli(login) && login.revoked !== undefined)
          .map(() =>
            problem(`${accountName(account)}: the login of kiro-cli has ended`, "Run: `kiro-cli login`"),
          ),
  )
}

function isFromKiroCli({ source }: Pick<Login, "source">): boolean {
  return source === "kiro-cli"
}
