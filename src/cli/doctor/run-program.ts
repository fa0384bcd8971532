import { execFile } from "node:child_process"
import { win32 } from "node:path"
import type { Place } from "../../settings/index.ts"
import type { RunProgram } from "./finding.ts"

const PATIENCE_MS = 15_000

/** Runs programs of the user's PATH, never one that lies in the folder where the command was called. */
export function programRunner(place: Place): RunProgram {
  return (program, args) =>
    new Promise((resolve) => {
      const { file, args: given, env, cwd } = callOf(place, program, args)
      const options = { timeout: PATIENCE_MS, encoding: "utf8", windowsHide: true, env, cwd } as const
      execFile(file, given, options, (error, stdout) => {
        if (error === null) return resolve({ code: 0, stdout })
        resolve(typeof error.code === "number" ? { code: error.code, stdout } : { code: undefined })
      })
    })
}

/** What npm installs on Windows are scripts, which only the command interpreter starts; their arguments are ours. */
const SCRIPTS_ON_WINDOWS = ["npm", "opencode", "opencode2"]

export interface ProgramCall {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Record<string, string>
  readonly cwd: string | undefined
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
    value === undefined ? [] : [[name, /^path$/i.test(name) ? absoluteFolders(value, platform) : value]],
  )
  if (platform !== "win32") return { file: program, args, env: Object.fromEntries(own), cwd: home || "/" }
  const variable = (wanted: string): string | undefined =>
    own.find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1]
  const system = win32.join(variable("SystemRoot") ?? "C:\\Windows", "System32")
  const safe = { ...Object.fromEntries(own), NoDefaultCurrentDirectoryInExePath: "1" }
  if (SCRIPTS_ON_WINDOWS.includes(program))
    return {
      file: win32.join(system, "cmd.exe"),
      args: ["/d", "/c", program, ...args],
      env: safe,
      cwd: system,
    }
  return { file: program, args, env: safe, cwd: system }
}

function absoluteFolders(path: string, platform: string): string {
  const [separator, isAbsolute] =
    platform === "win32"
      ? ([";", (folder: string) => /^"?(?:[A-Za-z]:[\\/]|\\\\)/.test(folder)] as const)
      : ([":", (folder: string) => folder.startsWith("/")] as const)
  return path.split(separator).filter(isAbsolute).join(separator)
}
