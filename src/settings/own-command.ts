import { existsSync, realpathSync } from "node:fs"
import { dirname, isAbsolute, join } from "node:path"
import { asObject, type JsonObject, parseJson, stringField } from "../json.ts"
import { opencodeAsBun, PACKAGE } from "../version.ts"
import { readSmallFile } from "./files.ts"

/**
 * How the command of this very installation is run by hand: by its name where that is on the PATH, through npx where
 * npx runs it now, else by its file. The published name alone would be somebody else's where it is not ours.
 */
export function ownCommand({
  path = process.env["PATH"] ?? process.env["Path"] ?? "",
  program,
}: {
  readonly path?: string | undefined
  /** What starts its file now; absent in a host, whose user has what the PATH has. */
  readonly program?: string
} = {}): string {
  const root = ownFolder()
  if (root === undefined) return PACKAGE
  const folders = path.split(process.platform === "win32" ? ";" : ":").filter(isAbsolute)
  const isOurs = (folder: string): boolean =>
    !/node_modules[\\/]\.bin[\\/]?$/.test(folder) && leadsTo(root, join(folder, PACKAGE))
  if (folders.some(isOurs)) return PACKAGE
  if (/[\\/]_npx[\\/]/.test(root)) return `npx ${PACKAGE}@${String(manifestIn(root)["version"])}`
  const bin = asObject(manifestIn(root)["bin"])
  const built = join(root, stringField(bin, PACKAGE) ?? "dist/cli/main.js")
  if (existsSync(built)) return `${program ?? programIn(folders)} ${quoted(built)}`
  return `bun ${quoted(join(root, "src", "cli", "main.ts"))}`
}

/** Without Node and Bun there is at least the host; where nothing is found, what most people have. */
function programIn(folders: readonly string[]): string {
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""]
  const found = ["node", "bun", "opencode"].find((name) =>
    folders.some((folder) => endings.some((ending) => existsSync(join(folder, `${name}${ending}`)))),
  )
  return found === "opencode" ? opencodeAsBun(process.platform) : (found ?? "node")
}

/** The folder of this package, wherever its files were bundled to. */
export function ownFolder(): string | undefined {
  let folder = import.meta.dirname
  for (;;) {
    if (manifestIn(folder)["name"] === PACKAGE) return folder
    const above = dirname(folder)
    if (above === folder) return undefined
    folder = above
  }
}

function manifestIn(folder: string): JsonObject {
  const file = readSmallFile(join(folder, "package.json"))
  return asObject(file.state === "text" ? parseJson(file.text) : undefined)
}

/** What npm puts on the PATH is a link; on Windows a script, beside the folder of the packages. */
function leadsTo(root: string, link: string): boolean {
  if (existsSync(`${link}.cmd`)) return root.toLowerCase().startsWith(dirname(link).toLowerCase())
  try {
    return realpathSync(link).startsWith(realpathSync(root))
  } catch {
    return false
  }
}

function quoted(path: string): string {
  return /^[\w./:@\\~+-]+$/.test(path) ? path : `"${path}"`
}
