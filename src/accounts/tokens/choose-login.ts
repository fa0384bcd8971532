import type { Secret } from "../../secret.ts"
import { type Account, type Login, LOGIN_SOURCES, type TokenLogin } from "../account.ts"
import { accessOf } from "../login.ts"
import type { RefreshFailure, RefreshOutcome } from "./refresh.ts"

export function isOneOf(secrets: readonly Secret[], secret: Secret): boolean {
  return secrets.some((each) => each.equals(secret))
}

/**
 * The login whose token lasts longest, of those with more than `marginMs` left, neither revoked nor the one that the
 * service rejected. An API key lasts for ever and comes after the others.
 */
export function freshestLogin({
  account,
  rejected,
  now,
  marginMs,
}: {
  readonly account: Account
  readonly rejected: readonly Secret[]
  readonly now: number
  readonly marginMs: number
}): Login | undefined {
  const usable = account.logins.filter(
    (login) => login.revoked === undefined && !isOneOf(rejected, accessOf(login).accessToken),
  )
  const best = refreshable(usable).find((login) => login.tokens.expiresAt - now > marginMs)
  return best ?? usable.find((login) => login.kind === "api-key")
}

/** The logins that have tokens, the one that lasts longest first. */
export function refreshable(logins: readonly Login[]): readonly TokenLogin[] {
  return logins
    .filter((login) => login.kind !== "api-key")
    .toSorted(
      (one, other) =>
        other.tokens.expiresAt - one.tokens.expiresAt ||
        LOGIN_SOURCES.indexOf(one.source) - LOGIN_SOURCES.indexOf(other.source),
    )
}

export interface NoToken {
  readonly state: "none"
  /** `revoked`: only a new login helps. The others: for now. */
  readonly reason: "revoked" | "no-login" | RefreshFailure
  readonly message: string
}

export function noToken(account: Account, outcomes: readonly RefreshOutcome[]): NoToken {
  const because = (reason: NoToken["reason"], message: string): NoToken => ({
    state: "none",
    reason,
    message,
  })
  for (const outcome of outcomes)
    if (outcome.state === "failed") return because(outcome.reason, outcome.message)
  for (const outcome of outcomes) if (outcome.state === "refused") return because("revoked", outcome.message)
  const revoked = account.logins.find((login) => login.revoked !== undefined)?.revoked
  if (revoked !== undefined) return because("revoked", revoked.reason)
  return account.logins.length === 0
    ? because("no-login", "the account has no login that may be used here")
    : because("revoked", "the service refused the login")
}
