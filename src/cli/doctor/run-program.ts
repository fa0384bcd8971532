import { execFile } from "node:child_process"
import type { RunProgram } from "./finding.ts"

const PATIENCE_MS = 15_000

/** Never a shell: no argument can become a command. On Windows npm is a script, which needs its own name. */
export const runProgram: RunProgram = (program, args) =>
  new Promise((resolve) => {
    const name = process.platform === "win32" ? `${program}.exe` : program
    execFile(name, args, { timeout: PATIENCE_MS, encoding: "utf8" }, (error, stdout) => {
      if (error === null) return resolve({ code: 0, stdout })
      resolve(typeof error.code === "number" ? { code: error.code, stdout } : { code: undefined })
    })
  })
