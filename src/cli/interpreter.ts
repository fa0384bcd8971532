import type { Place } from "../settings/index.ts"
import { opencodeAsBun } from "../version.ts"

type Versions = { readonly [program: string]: string | undefined }

const OLDEST_NODE = [22, 13] as const

/** What starts a file as this process was started. A Bun that had to be told to be one is part of another program. */
export function programHere(here: Pick<Place, "env" | "platform"> & { readonly versions: Versions }): string {
  if (here.versions["bun"] === undefined) return "node"
  return here.env["BUN_BE_BUN"] ? opencodeAsBun(here.platform) : "bun"
}

/** With what was typed behind it: an error may have named the command, and it is to be done all the same. */
export function tooOld(file: string, args: readonly string[], platform: string): string {
  const words = args.map((arg) => (/^[\w./:@=+-]+$/.test(arg) ? arg : `"${arg}"`))
  return `opencode-kiro-auth needs Node 22.13 or newer, or Bun. Without either,
OpenCode's own program runs it:
  ${[opencodeAsBun(platform), `"${file}"`, ...words].join(" ")}`
}

/** Whether this Node has no SQLite yet. Bun always has. */
export function isTooOld(versions: Versions): boolean {
  if (versions["bun"] !== undefined) return false
  const [major = 0, minor = 0] = (versions["node"] ?? "").split(".").map(Number)
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
}

type EmitWarning = typeof process.emitWarning

/** Node 22 calls its SQLite experimental at every start; people can do nothing about it. All else is passed on. */
export function withoutSqliteWarning(here: { readonly emitWarning: EmitWarning }): EmitWarning {
  const { emitWarning } = here
  return (warning: string | Error, ...rest: readonly unknown[]) => {
    const [kind] = rest
    if (kind === "ExperimentalWarning" && String(warning).startsWith("SQLite is an experimental feature"))
      return
    Reflect.apply(emitWarning, here, [warning, ...rest])
  }
}
