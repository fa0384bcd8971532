import type { AccountStore, Login } from "../../src/accounts/index.ts"

/** What only a person, or a new month, would mend: no account is parked or logged out any more. */
export async function heal(store: AccountStore): Promise<void> {
  for (const { id } of await store.list())
    await store.update(id, (account) => ({
      ...account,
      health: { state: "ok" },
      logins: account.logins.map(withoutRevoked),
    }))
}

function withoutRevoked(login: Login): Login {
  const { revoked: _, ...rest } = login
  return rest
}
