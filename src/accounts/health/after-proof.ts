import type { Account, Quota, TokenSet } from "../account.ts"
import { withoutRevocation } from "../login.ts"
import { hasRoom, paysOverage } from "../quota.ts"
import { isLocked, isOutOfCredits } from "./questions.ts"

/**
 * A good answer to a request that began at `startedAt`. It ends what was held against the account before that, but
 * not what a parallel request learned since, and never a lock.
 */
export function afterSuccess(
  account: Account,
  success: { readonly loginId: string; readonly startedAt: number; readonly now: number },
): Account {
  const { health } = account
  const lifted = health.state !== "ok" && health.since < success.startedAt && !isLocked(account)
  const proven = account.logins.some((login) => login.id === success.loginId && login.revoked !== undefined)
  const recent = account.lastUsedAt !== undefined && success.now - account.lastUsedAt < 60_000
  if (!lifted && !proven && recent) return account
  return {
    ...account,
    lastUsedAt: success.now,
    health: lifted ? { state: "ok" } : health,
    logins: account.logins.map((login) =>
      proven && login.id === success.loginId ? withoutRevocation(login) : login,
    ),
  }
}

/** A usage answer. A cool-down for want of credits ends where it shows room again. */
export function afterUsage(account: Account, quota: Quota, now: number): Account {
  const { health } = account
  const measured = { ...account, quota }
  if (health.state !== "cooling" || !isOutOfCredits(account) || quota.checkedAt < health.since)
    return measured
  return hasRoom(quota, now) || paysOverage(quota) ? { ...measured, health: { state: "ok" } } : measured
}

/** The source of a login holds a different, unexpired token: the login and its account can be used again. */
export function reviveBySource(
  account: Account,
  revival: { readonly loginId: string; readonly tokens: TokenSet; readonly now: number },
): Account {
  const { loginId, tokens, now } = revival
  const logins = account.logins.map((login) => {
    if (login.id !== loginId || login.kind === "api-key" || tokens.expiresAt <= now) return login
    if (login.tokens.accessToken.equals(tokens.accessToken)) return login
    const { revoked: _, sourceBehind: __, ...rest } = login
    return { ...rest, tokens }
  })
  if (logins.every((login, index) => login === account.logins[index])) return account
  const loggedOut = account.health.state === "revoked" && !isLocked(account)
  return { ...account, logins, health: loggedOut ? { state: "ok" } : account.health }
}
