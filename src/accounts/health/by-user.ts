import type { Account } from "../account.ts"
import { withoutRevocation } from "../login.ts"
import { isLocked, isNotAuthorized } from "./questions.ts"

/**
 * The user's own act: the only way out of a lock, and for a refused API key, which nothing renews, to be tried again.
 */
export function enableAccount(account: Account): Account {
  const { health } = account
  const logins = account.logins.map((login) => (login.kind === "api-key" ? withoutRevocation(login) : login))
  const keyRefused = health.state === "revoked" && health.reason === "api-key-refused"
  const isFreed = keyRefused || isLocked(account) || isEndedByUser(health)
  return { ...account, enabled: true, logins, health: isFreed ? { state: "ok" } : health }
}

/** Credits and a choice that is open stay as they are: a user's word changes neither. */
function isEndedByUser(health: Account["health"]): boolean {
  if (health.state !== "cooling") return false
  const { reason, profiles } = health
  return reason === "throttled" || (reason === "not-authorized" && profiles === undefined)
}

export function disableAccount(account: Account): Account {
  return { ...account, enabled: false }
}

/** The user's choice; what was held against the profile before ends. */
export function chooseProfile(account: Account, profileArn: string): Account {
  return { ...withProfileTrust(account), profileArn }
}

/** A profile that was found for a login of it; the same ends. */
export function foundProfile(
  account: Account,
  { loginId, profileArn }: { readonly loginId: string; readonly profileArn: string },
): Account {
  const logins = account.logins.map((login) => (login.id === loginId ? { ...login, profileArn } : login))
  return { ...withProfileTrust(account), logins }
}

function withProfileTrust(account: Account): Account {
  return isNotAuthorized(account) ? { ...account, health: { state: "ok" } } : account
}
