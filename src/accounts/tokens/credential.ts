import type { TokenType } from "../../kiro/index.ts"
import type { RefreshGrant } from "../../oauth/index.ts"
import type { Secret } from "../../secret.ts"
import { type Account, type Login, LOGIN_SOURCES, type TokenLogin } from "../account.ts"

/** What a request to Kiro is signed with. */
export interface Access {
  readonly accessToken: Secret
  /** The header `tokentype`; absent for AWS and social logins. */
  readonly tokenType?: TokenType
}

export interface Credential extends Access {
  readonly login: Login
  readonly profileArn?: string
}

export function credentialOf(account: Account, login: Login): Credential {
  const profileArn = account.profileArn ?? login.profileArn
  return {
    login,
    ...accessOf(login),
    ...(profileArn === undefined ? {} : { profileArn }),
  }
}

export function accessOf(login: Login): Access {
  switch (login.kind) {
    case "api-key":
      return { accessToken: login.key, tokenType: "API_KEY" }
    case "external-idp":
      return { accessToken: login.tokens.accessToken, tokenType: "EXTERNAL_IDP" }
    case "idc":
    case "social":
      return { accessToken: login.tokens.accessToken }
    default:
      return login satisfies never
  }
}

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

/** What its service needs to renew the login; `undefined` where the store it came from holds no refresh token. */
export function grantOf(login: TokenLogin): RefreshGrant | undefined {
  const { refreshToken } = login.tokens
  if (refreshToken === undefined) return undefined
  switch (login.kind) {
    case "idc":
      return { kind: "idc", refreshToken, client: login.client, loginRegion: login.loginRegion }
    case "social":
      return { kind: "social", refreshToken }
    case "external-idp": {
      const { clientId, tokenEndpoint, scopes } = login
      const rest = scopes === undefined ? {} : { scopes }
      return { kind: "external-idp", refreshToken, clientId, tokenEndpoint, ...rest }
    }
    default:
      return login satisfies never
  }
}
