import type { Secret } from "../../secret.ts"
import { type Account, type Login, LOGIN_SOURCES, type TokenLogin } from "../account.ts"
import { accessOf } from "../login.ts"
import type { RefreshFailure, RefreshOutcome } from "./refresh.ts"

export function isOneOf(secrets: readonly Secret[], secret: Secret): boolean {
  return secrets.some((each) => each.equals(secret))
}

/** The logins that have tokens, the one that lasts longest first. */
export function tokenLogins({ logins }: Account): readonly TokenLogin[] {
  return logins
    .filter((login) => login.kind !== "api-key")
    .toSorted(
      (one, other) =>
        other.tokens.expiresAt - one.tokens.expiresAt ||
        LOGIN_SOURCES.indexOf(one.source) - LOGIN_SOURCES.indexOf(other.source),
    )
}

/** Those of them that their service did not refuse for good. */
export function renewable(account: Account): readonly TokenLogin[] {
  return tokenLogins(account).filter(({ revoked }) => revoked === undefined)
}

/** The same in the order in which they are renewed: first those whose access tokens were refused. */
export function toRenew(account: Account, rejected: readonly Secret[]): readonly TokenLogin[] {
  const [refused = [], others = []] = [true, false].map((wanted) =>
    renewable(account).filter(({ tokens }) => isOneOf(rejected, tokens.accessToken) === wanted),
  )
  return [...refused, ...others]
}

/** Where nothing could be renewed: an API key, which lasts for ever, or what is left of a token's life. */
export function lastResort({
  account,
  rejected,
  now,
}: {
  readonly account: Account
  readonly rejected: readonly Secret[]
  readonly now: number
}): Login | undefined {
  const usable = account.logins.filter(
    (login) => login.revoked === undefined && !isOneOf(rejected, accessOf(login).accessToken),
  )
  return (
    usable.find(({ kind }) => kind === "api-key") ??
    tokenLogins({ ...account, logins: usable }).find(({ tokens }) => tokens.expiresAt > now)
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
