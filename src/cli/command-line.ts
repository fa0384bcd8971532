import { parseArgs } from "node:util"

/** What the command line asks for. */
export type Command =
  | { readonly name: "help" }
  | { readonly name: "version" }
  | { readonly name: "accounts"; readonly json: boolean }
  | { readonly name: "label"; readonly account: string; readonly label: string; readonly json: boolean }
  | { readonly name: "enable" | "disable" | "remove"; readonly account: string; readonly json: boolean }
  | { readonly name: "profile"; readonly account: string; readonly arn?: string; readonly json: boolean }
  | { readonly name: "usage"; readonly json: boolean }
  | { readonly name: "import"; readonly dryRun: boolean; readonly json: boolean }
  | { readonly name: "doctor"; readonly report: boolean; readonly json: boolean }

/** The command line is off: the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

/** @throws UsageError */
export function readCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  if (values.help === true) return { name: "help" }
  if (values.version === true) return { name: "version" }
  const json = values.json === true
  const [name, ...rest] = positionals
  if (values["dry-run"] === true && name !== "import") throw new UsageError("--dry-run goes with import")
  if (values.report === true && name !== "doctor") throw new UsageError("--report goes with doctor")
  switch (name) {
    case undefined:
    case "help":
      return { name: "help" }
    case "accounts":
      return readAccounts(rest, json)
    case "usage":
      return withoutArguments({ name, json }, rest)
    case "import":
      return withoutArguments({ name, dryRun: values["dry-run"] === true, json }, rest)
    case "doctor":
      return withoutArguments({ name, report: values.report === true, json }, rest)
    default:
      throw new UsageError(`there is no command "${name}"`)
  }
}

function parse(args: readonly string[]) {
  const flag = { type: "boolean" } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: flag,
        "dry-run": flag,
        report: flag,
        help: { ...flag, short: "h" },
        version: { ...flag, short: "v" },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function readAccounts(words: readonly string[], json: boolean): Command {
  const [verb, account, ...rest] = words
  if (verb === undefined || verb === "list") return { name: "accounts", json }
  if (account === undefined) throw new UsageError(`accounts ${verb} needs an account`)
  switch (verb) {
    case "label": {
      if (rest.length === 0) throw new UsageError("accounts label needs a text")
      const label = rest.join(" ")
      // Names are shown in toasts and errors, where no e-mail address ever stands.
      if (label.includes("@")) throw new UsageError("a label can't hold an e-mail address")
      return { name: "label", account, label, json }
    }
    case "enable":
    case "disable":
    case "remove":
      return withoutArguments({ name: verb, account, json }, rest)
    case "profile": {
      const [arn, ...more] = rest
      return withoutArguments({ name: "profile", account, json, ...(arn !== undefined && { arn }) }, more)
    }
    default:
      throw new UsageError(`accounts has no "${verb}"`)
  }
}

function withoutArguments(command: Command, rest: readonly string[]): Command {
  if (rest.length > 0) throw new UsageError(`"${rest.join(" ")}" is too much`)
  return command
}
