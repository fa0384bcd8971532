import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import {
  attempted,
  type Database,
  inTransaction,
  loadDatabaseDriver,
  patiently,
  StoreError,
  type StoreFailure,
} from "../../accounts/index.ts"
import { NO_ACCOUNT } from "../../gateway/index.ts"
import { kiroCliDatabases } from "../../import/index.ts"
import { asObject, isObject, type JsonObject, parseJson, stringField } from "../../json.ts"
import {
  DEFAULT_SETTINGS,
  describeSettingsProblem,
  loadSettings,
  readSmallFile,
  redactText,
  setMode,
  type Settings,
  systemCode,
} from "../../settings/index.ts"
import type { Context } from "../context.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"
import { projectOf } from "./opencode-config.ts"

/** Where everything is, whether it exists or not. */
export const placesCheck: Check = {
  title: "Where things are",
  async look({ paths, place }) {
    const stores = kiroCliDatabases(place)
    const settings = paths.settingsFiles.filter((file) => file === paths.settingsFile || existsSync(file))
    return [
      ...settings.map((file) => placeOf("settings", file)),
      placeOf("accounts", paths.database),
      placeOf("models", paths.models),
      placeOf("log", paths.log),
      placeOf("OpenCode's log", opencodeLog(paths.log)),
      placeOf("OpenCode's logins", paths.authFile),
      placeOf("kiro-cli", stores.find(existsSync) ?? stores[0]),
    ]
  },
}

function placeOf(what: string, path = "nowhere on this system"): Finding {
  return note(`${what}: ${path}${existsSync(path) ? "" : " (not there)"}`)
}

function opencodeLog(log: string): string {
  return join(log, "..", "opencode.log")
}

/** kiro.json, what it changes, and OpenCode's auth.json. */
export const settingsCheck: Check = {
  title: "Settings",
  look: async (context) => [...(await settingsFindings(context)), ...authFindings(context)],
}

async function settingsFindings({ place, directory, paths }: DoctorContext): Promise<readonly Finding[]> {
  const { settings, problems } = await loadSettings({ ...place, project: projectOf(directory) })
  if (problems.length > 0)
    return problems.map((found) => problem(describeSettingsProblem(found), "Correct it, or take it out."))
  const there = paths.settingsFiles.some(existsSync)
  return [good(there ? "kiro.json is in order" : "no kiro.json: defaults count"), ...changes(settings)]
}

function changes(settings: Settings): readonly Finding[] {
  const changed = Object.entries(settings).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULT_SETTINGS[key as keyof Settings]),
  )
  if (changed.length === 0) return []
  const texts = changed.map(([name, value]) => {
    // As it stands in kiro.json.
    const key = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return `${key} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`
  })
  return [note(`not as by default: ${texts.join(", ")}`)]
}

function authFindings({ paths, place }: DoctorContext): readonly Finding[] {
  const { authFile } = paths
  const file = readSmallFile(authFile)
  if (file.state === "missing") return []
  // A folder in its place, or no right to read it: the same trouble for OpenCode.
  const document = file.state === "text" ? parseJson(file.text) : undefined
  if (!isObject(document))
    return [
      problem(
        `${authFile} can't be read as JSON`,
        `Correct it, or move it away (${moveAway(place.platform, authFile, "broken")}) and sign in to your providers again.`,
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

/** What is typed to move a file away. */
function moveAway(platform: string, path: string, ending: string): string {
  return `\`${platform === "win32" ? "move" : "mv"} "${path}" "${path}.${ending}"\``
}

/** OpenCode 1.18 fetches a configuration from the name of every such entry, and fails where that is no address. */
function isRemoteConfiguration({ kiro }: JsonObject): boolean {
  return isObject(kiro) && kiro["type"] === "wellknown"
}

/** Whether kiro.db can be read and written, and by its owner alone. */
export const databaseCheck: Check = {
  title: "Account database",
  async look({ paths, place, databaseTrouble: trouble }) {
    const path = paths.database
    if (trouble !== undefined) return [troubleOf(trouble, path, place.platform)]
    if (leadsNowhere(path))
      return [
        problem(
          `${path} is a link that leads nowhere, so nothing is kept`,
          "Bring back the disk or folder that it leads to, or take the link away.",
        ),
      ]
    const closed = closedWays(path)
    if (closed.length > 0)
      return [problem(`${path} can't be written, so nothing new is kept`, openingOf(closed, place.platform))]
    if (!existsSync(path)) return [note("no kiro.db yet: the first login or message makes it")]
    const waiting = readdirSync(paths.configDirectory)
      .filter((name) => name.startsWith(basename(paths.spill)))
      .map((name) => join(paths.configDirectory, name))
    const open = [path, `${path}-wal`, ...waiting].filter((file) => isOpenToOthers(file, place.platform))
    return [
      good("kiro.db can be read and written"),
      ...(open.length > 0
        ? [
            problem(
              `others on this computer can read ${open.join(" and ")}`,
              `Run: \`chmod 600 ${quoted(open)}\``,
              () => makePrivate(open.filter(existsSync)),
            ),
          ]
        : []),
    ]
  },
}

/** A link by which no file can be made either: its folder is not there, or it leads to itself. */
function leadsNowhere(path: string): boolean {
  try {
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return false
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
    return isLink && !existsSync(dirname(resolve(dirname(path), readlinkSync(path))))
  } catch (error) {
    return systemCode(error) === "ELOOP"
  }
}

function* makePrivate(files: readonly string[]): Iterable<string> {
  for (const file of files) {
    setMode(file, 0o600)
    yield `made ${file} readable by you alone`
  }
}

/** What has to be written for a database and can't be, and why, the folder first; of a link it is where that leads to. */
function closedWays(database: string): readonly { path: string; code: string }[] {
  const file = existsSync(database) ? realpathSync(database) : database
  const files = ["", "-wal", "-shm"].map((end) => `${file}${end}`).filter(existsSync)
  return [...new Set([dirname(database), dirname(file), ...files])].flatMap((path) => {
    const there = nearestOf(path)
    if (!files.includes(path) && !statSync(there).isDirectory()) return [{ path: there, code: "ENOTDIR" }]
    try {
      accessSync(there, constants.R_OK | constants.W_OK)
      // Where its log has room left, no lock and no short write tells.
      const { blocks, bavail } = statfsSync(there)
      return blocks > 0 && bavail === 0 ? [{ path, code: "ENOSPC" }] : []
    } catch (error) {
      return [{ path, code: systemCode(error) }]
    }
  })
}

/** Itself, or the folder in which it would be made. */
function nearestOf(path: string): string {
  const above = dirname(path)
  return existsSync(path) || above === path ? path : nearestOf(above)
}

const quoted = (paths: readonly string[]): string => paths.map((path) => `"${path}"`).join(" ")

/** What opens them, to be typed as it stands. */
function openingOf(closed: ReturnType<typeof closedWays>, platform: string): string {
  const file = closed.find(({ code }) => code === "ENOTDIR")
  if (file !== undefined)
    return `Move away what has its folder's name: ${moveAway(platform, file.path, "old")}`
  if (closed.some(({ code }) => code === "ENOSPC")) return "Its disk is full: make room on it."
  if (platform === "win32")
    return "In its Properties take Read-only off it (General) and make it yours (Security); its folder must be writable too."
  if (closed.some(({ code }) => code === "EROFS"))
    return "Its disk is mounted for reading alone: mount it for writing too."
  const all = closed.map(({ path }) => path)
  const [folder] = all.filter((path) => !existsSync(path))
  if (folder !== undefined)
    return `Make its folder: \`sudo mkdir -p "${folder}" && sudo chown "$USER" "${folder}"\``
  const others = all.filter((path) => statSync(path).uid !== process.getuid?.())
  const taking = others.length === 0 ? "" : `sudo chown "$USER" ${quoted(others)} && `
  return `Make it yours: \`${taking}chmod u+rwX ${quoted(all)}\``
}

/** Windows has no such bits: what lies in a user's own folder is that user's. */
function isOpenToOthers(file: string, platform: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false })
  return platform !== "win32" && stat?.isFile() === true && (stat.mode & 0o077) !== 0
}

/** Why kiro.db can't be used; nothing where it can, or where there is none yet. A lock is waited for. */
export async function databaseTrouble({
  paths,
  runtime,
}: Pick<Context, "paths" | "runtime">): Promise<StoreFailure | undefined> {
  if (!existsSync(paths.database)) return undefined
  const open = await loadDatabaseDriver()
  const tried = await patiently(() => attempted(() => tryWrite(open(paths.database))), runtime)
  return tried.done ? undefined : tried.failure
}

/** Takes the write lock and gives it back: nothing is changed. */
function tryWrite(database: Database): void {
  try {
    if (database.get("PRAGMA quick_check(1)")?.["quick_check"] !== "ok") throw new StoreError("corrupt")
    inTransaction(database, () => undefined)
  } finally {
    database.close()
  }
}

function troubleOf(failure: StoreFailure, path: string, platform: string): Finding {
  const after = "Logins of other programs come back by themselves"
  return problem(
    wordsOf(failure, path),
    databaseRemedy(failure, { path, platform, owner: "OpenCode", after }),
  )
}

function wordsOf(failure: StoreFailure, path: string): string {
  switch (failure) {
    case "busy":
      return `${path} stays locked by another program`
    case "no-handle":
      return `${path} can't be opened: too many files are open`
    case "corrupt":
      return `${path} is damaged, or no SQLite database`
    case "full":
      return `the disk of ${path} is full`
    case "readonly":
    case "unavailable":
    case "failed":
      return statSync(path).isFile() ? `${path} can't be read and written` : `${path} is not a file`
    default:
      return failure satisfies never
  }
}

/** What helps a database that can't be used. `owner`: the program whose it is; `after`: what follows once it is away. */
export function databaseRemedy(
  failure: StoreFailure,
  { path, platform, owner, after }: { path: string; platform: string; owner: string; after: string },
): string {
  const away = `Close ${owner} and move it away (${moveAway(platform, path, "damaged")}). ${after}.`
  switch (failure) {
    case "busy":
      return "Close the program that holds it, such as a database browser or an OpenCode that hangs."
    case "no-handle":
      return "Allow more in this shell, as by `ulimit -n 4096`."
    case "corrupt":
      return away
    case "full":
      return "Make room on it."
    case "readonly":
    case "unavailable":
    case "failed": {
      if (!statSync(path).isFile()) return away
      const closed = closedWays(path)
      return closed.length === 0 ? `If it stays so: ${away}` : openingOf(closed, platform)
    }
    default:
      return failure satisfies never
  }
}

const LAST_LINES = 3

/** The last errors of our log, and what OpenCode's says of us: worth knowing, whether or not they are over. */
export const logCheck: Check = {
  title: "Last errors",
  look: async ({ paths }) =>
    [
      ...logLines(paths.log, ["error"]).slice(-LAST_LINES).map(shortly),
      ...hostLines(opencodeLog(paths.log)).slice(-LAST_LINES),
    ].map(note),
}

/** The lines of our log, of these levels. */
export function logLines(log: string, levels: readonly string[]): readonly string[] {
  const file = readSmallFile(log)
  if (file.state !== "text") return []
  const wanted = levels.map((level) => `"level":"${level}"`)
  return file.text.split("\n").filter((line) => wanted.some((part) => line.includes(part)))
}

function shortly(line: string): string {
  const entry = parseJson(line)
  if (!isObject(entry)) return redactText(line)
  const error = stringField(asObject(entry["error"]), "message")
  const text = [stringField(entry, "at"), stringField(entry, "message"), error].filter(Boolean).join("  ")
  return redactText(text)
}

const LONGEST_LINE = 300

/** Which part of the plugin did not load stands only in the host's own log. */
function hostLines(log: string): readonly string[] {
  const file = readSmallFile(log)
  if (file.state !== "text") return []
  return (
    file.text
      .split("\n")
      .filter(
        (line) =>
          /kiro/i.test(line) && /failed to load|plugin.*(?:fail|error)|(?:level=|^)ERROR\b/i.test(line),
      )
      // No fault, and said of the accounts.
      .filter((line) => !line.includes(NO_ACCOUNT))
      .map((line) => `OpenCode's log: ${redactText(line.slice(0, LONGEST_LINE))}`)
  )
}
