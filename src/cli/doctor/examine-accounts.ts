import { importLogins } from "../../import/index.ts"
import type { Context } from "../context.ts"
import type { ExaminedAccount } from "./finding.ts"

/**
 * What the next message would meet: logins of other programs are taken in as at OpenCode's start, tokens that have
 * ended are renewed, and the service is asked for the usage of each account that is in use.
 */
export async function examineAccounts(context: Context): Promise<readonly ExaminedAccount[]> {
  const { store, sources, runtime, tokens, lookUps } = context
  await importLogins({ store, sources, now: runtime.clock.now(), newId: runtime.randomUUID })
  const accounts = await store.list()
  return Promise.all(
    accounts.map(async (account): Promise<ExaminedAccount> => {
      if (!account.enabled) return { account }
      const credential = await tokens.fresh({ account })
      if (!("unavailable" in credential)) await lookUps.usageNow(account.id)
      const now = (await store.get(account.id)) ?? account
      return "unavailable" in credential ? { account: now, noToken: credential } : { account: now }
    }),
  )
}
