import { type Account, accountName } from "../accounts/index.ts"
import { importLogins, type ImportOutcome } from "../import/index.ts"
import type { Context } from "./context.ts"

/** Takes the logins of other programs; of a rehearsal it shows what would be taken. */
export async function takeLogins(
  context: Context,
  { dryRun, json }: { readonly dryRun: boolean; readonly json: boolean },
): Promise<boolean> {
  const { store, sources, runtime, terminal } = context
  const taken = await importLogins({ store, sources, clock: runtime.clock, byUser: true })
  if (json) terminal.out(JSON.stringify({ dryRun, ...documentOf(taken, dryRun) }, null, 2))
  else for (const line of linesOf(taken, dryRun)) terminal.out(line)
  for (const { file, key, message } of json ? [] : taken.problems)
    terminal.err(terminal.paint("warning", `${file}${key === undefined ? "" : ` (${key})`}: ${message}`))
  return taken.problems.length === 0
}

/** An account that was not added has no short id that will ever be seen again. */
function kindOf(account: Account): string {
  return accountName(account).replace(/ ··[0-9a-f]+$/, "")
}

function documentOf({ added, updated, unchanged, problems }: ImportOutcome, dryRun: boolean) {
  const names = (accounts: readonly Account[]): readonly string[] => accounts.map(accountName)
  return {
    added: dryRun ? added.map(kindOf) : names(added),
    updated: names(updated),
    unchanged: names(unchanged),
    problems,
  }
}

function linesOf({ added, updated, unchanged }: ImportOutcome, dryRun: boolean): readonly string[] {
  const say = (accounts: readonly Account[], done: string): string[] =>
    accounts.map((account) => `${accountName(account)}: ${done}`)
  const lines = [
    ...(dryRun ? added.map((account) => `${kindOf(account)}: would be added`) : say(added, "added")),
    ...say(updated, dryRun ? "would be brought up to date" : "brought up to date"),
    ...say(unchanged, "nothing new"),
  ]
  return lines.length > 0 ? lines : ["Found no login of kiro-cli, Kiro IDE, an older plugin or KIRO_API_KEY."]
}
