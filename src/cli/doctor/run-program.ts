import { execFile } from "node:child_process"
import type { RunProgram } from "./finding.ts"

const PATIENCE_MS = 15_000

export const runProgram: RunProgram = (program, args) =>
  new Promise((resolve) => {
    const call = callOf(process.platform, program, args)
    const options = { timeout: PATIENCE_MS, encoding: "utf8", windowsHide: true } as const
    execFile(call.file, call.args, options, (error, stdout) => {
      if (error === null) return resolve({ code: 0, stdout })
      resolve(typeof error.code === "number" ? { code: error.code, stdout } : { code: undefined })
    })
  })

/** What npm installs on Windows are scripts, which only the command interpreter starts; their arguments are ours. */
const SCRIPTS_ON_WINDOWS = ["npm", "opencode"]

/** What is started: never a shell with an argument that came from elsewhere. */
export function callOf(
  platform: string,
  program: string,
  args: readonly string[],
): { readonly file: string; readonly args: readonly string[] } {
  if (platform === "win32" && SCRIPTS_ON_WINDOWS.includes(program))
    return { file: "cmd.exe", args: ["/d", "/c", program, ...args] }
  return { file: program, args }
}
