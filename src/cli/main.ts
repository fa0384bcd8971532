#!/usr/bin/env node
import { homedir } from "node:os"
import { isTooOld, tooOld, withoutSqliteWarning } from "./interpreter.ts"

process.emitWarning = withoutSqliteWarning(process)
let isLost = false
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  // `… accounts | head -1`: who reads has enough, and that is no error.
  if (code === "EPIPE" || isLost) return
  isLost = true
  process.exitCode = 1
  process.stderr.write(`✗ the output can't be written (${code})\n`)
})
// There is no place left to say so.
process.stderr.on("error", () => undefined)

if (isTooOld(process.versions)) {
  const [, file = "main.js", ...args] = process.argv
  process.stderr.write(`${tooOld(file, args, process.platform)}\n`)
  process.exitCode = 1
} else {
  // Not before the check: an older Node could not even load what follows.
  const [{ runCommand }, { createTerminal }] = await Promise.all([
    import("./run.ts"),
    import("./terminal.ts"),
  ])
  const exitCode = await runCommand({
    args: process.argv.slice(2),
    place: { env: process.env, platform: process.platform, home: homedir() },
    directory: folderHere(),
    terminal: createTerminal({
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
      env: process.env,
    }),
  })
  process.exitCode ||= exitCode
}

/** Of a folder that was taken away under the shell that stands in it nothing is left to be read. */
function folderHere(): string {
  try {
    return process.cwd()
  } catch {
    return homedir()
  }
}
