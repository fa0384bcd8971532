import { type Account, accountName, mergeImported } from "../accounts/index.ts"
import { importLogins } from "../import/index.ts"
import type { Context } from "./context.ts"

interface Taken {
  readonly added: readonly Account[]
  readonly updated: readonly Account[]
  readonly unchanged: readonly Account[]
  readonly problems: readonly { readonly file: string; readonly key?: string; readonly message: string }[]
}

/** Takes the logins of other programs, or shows what would be taken. */
export async function takeLogins(
  context: Context,
  { dryRun, json }: { readonly dryRun: boolean; readonly json: boolean },
): Promise<boolean> {
  const { store, sources, runtime, terminal } = context
  const by = { now: runtime.clock.now(), newId: runtime.randomUUID, byUser: true }
  const taken = dryRun ? await rehearse(context, by) : await importLogins({ store, sources, ...by })
  if (json) terminal.out(JSON.stringify({ dryRun, ...documentOf(taken, dryRun) }, null, 2))
  else for (const line of linesOf(taken, dryRun)) terminal.out(line)
  for (const { file, key, message } of json ? [] : taken.problems)
    terminal.err(terminal.paint("warning", `${file}${key === undefined ? "" : ` (${key})`}: ${message}`))
  return taken.problems.length === 0
}

type By = Pick<Parameters<typeof mergeImported>[1], "now" | "newId" | "byUser">

/** The same import on a copy of what is stored. */
async function rehearse({ store, sources }: Context, by: By): Promise<Taken> {
  const readings = await Promise.all(sources.map((source) => source.read()))
  const known = await store.list()
  const { put } = mergeImported(known, { offered: readings.flatMap(({ logins }) => logins), ...by })
  const isKnown = ({ id }: Account): boolean => known.some((account) => account.id === id)
  return {
    added: put.filter((account) => !isKnown(account)),
    updated: put.filter(isKnown),
    unchanged: known.filter(({ id }) => put.every((account) => account.id !== id)),
    problems: readings.flatMap(({ problems }) => problems),
  }
}

/** An account that was not added has no short id that will ever be seen again. */
function kindOf(account: Account): string {
  return accountName(account).replace(/ ··[0-9a-f]+$/, "")
}

function documentOf({ added, updated, unchanged, problems }: Taken, dryRun: boolean) {
  const names = (accounts: readonly Account[]): readonly string[] => accounts.map(accountName)
  return {
    added: dryRun ? added.map(kindOf) : names(added),
    updated: names(updated),
    unchanged: names(unchanged),
    problems,
  }
}

function linesOf({ added, updated, unchanged }: Taken, dryRun: boolean): readonly string[] {
  const say = (accounts: readonly Account[], done: string): string[] =>
    accounts.map((account) => `${accountName(account)}: ${done}`)
  const lines = [
    ...(dryRun ? added.map((account) => `${kindOf(account)}: would be added`) : say(added, "added")),
    ...say(updated, dryRun ? "would be brought up to date" : "brought up to date"),
    ...say(unchanged, "nothing new"),
  ]
  return lines.length > 0 ? lines : ["Found no login of kiro-cli, Kiro IDE, an older plugin or KIRO_API_KEY."]
}
