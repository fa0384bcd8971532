import { accountName } from "../accounts/index.ts"
import { listAccounts } from "./accounts.ts"
import type { Context } from "./context.ts"

/** Asks Kiro for the credits of every account now, then shows the list. */
export async function showUsage(context: Context, { json }: { readonly json: boolean }): Promise<boolean> {
  const { store, terminal, lookUps, runtime } = context
  const startedAt = runtime.clock.now()
  const accounts = await store.list()
  const wanted = accounts.filter(({ enabled }) => enabled)
  const many = wanted.length === 1 ? "one account" : `${wanted.length} accounts`
  await terminal.progress(`Asking Kiro about ${many}`, () =>
    Promise.all(wanted.map(({ id }) => lookUps.usageNow(id))),
  )
  await listAccounts(context, { json })
  const silent = (await store.list()).filter(
    ({ id, quota }) => wanted.some((account) => account.id === id) && (quota?.checkedAt ?? 0) < startedAt,
  )
  for (const account of silent)
    terminal.err(terminal.paint("warning", `${accountName(account)}: Kiro did not say what it has used`))
  return silent.length === 0
}
