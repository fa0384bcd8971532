#!/usr/bin/env node
import { homedir } from "node:os"
import { runCommand } from "./run.ts"
import { createTerminal } from "./terminal.ts"

process.exitCode = await runCommand({
  args: process.argv.slice(2),
  place: { env: process.env, platform: process.platform, home: homedir() },
  terminal: createTerminal({ stdout: process.stdout, stderr: process.stderr, env: process.env }),
})
