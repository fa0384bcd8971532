import type { Account } from "./account.ts"
import { type AccountChanges, Draft } from "./draft.ts"
import { ownerOf, recordOf, withInherited } from "./login.ts"

/**
 * "Sign in again": on the user's word the new login takes the part of a refused one, where nobody can say whose either
 * of them is. Where their owners turn out to differ later, they part.
 */
export function replaceRefused(
  accounts: readonly Account[],
  { loginId, accountId, now }: { readonly loginId: string; readonly accountId: string; readonly now: number },
): AccountChanges {
  const draft = new Draft(accounts)
  const held = draft.find(({ id }) => id === loginId)
  const account = draft.get(accountId)
  if (held === undefined || account === undefined || account.removedAt !== undefined) return draft.changes()
  const { login } = held
  const refused = account.logins.find((each) => each.revoked !== undefined && each.kind === login.kind)
  if (refused === undefined || held.account.id === accountId) return draft.changes()
  const owners = [account.userId, held.account.userId, ownerOf(refused), ownerOf(login)]
  if (owners.some((owner) => owner !== undefined)) return draft.changes()
  const { inherited, hashes } = recordOf(refused)
  const heir = withInherited(login, [...inherited, ...hashes])
  draft.absorb(held.account.id, accountId)
  draft.put({
    ...account,
    enabled: true,
    health: { state: "ok" },
    logins: account.logins.map((each) => (each === refused ? heir : each)),
    record: { ...account.record, actedAt: now },
  })
  return draft.changes()
}
