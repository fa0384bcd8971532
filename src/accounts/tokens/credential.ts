import type { RefreshGrant } from "../../oauth/index.ts"
import type { Secret } from "../../secret.ts"
import type { Account, Login, LoginSource } from "../account.ts"
import type { TokenLogin } from "./login-identity.ts"

/** What a request to Kiro is signed with. */
export interface Credential {
  readonly login: Login
  readonly accessToken: Secret
  /** The header `tokentype`; absent for AWS and social logins. */
  readonly tokenType?: "API_KEY" | "EXTERNAL_IDP"
  readonly profileArn?: string
}

export function credentialOf(account: Account, login: Login): Credential {
  const profileArn = account.profileArn ?? login.profileArn
  return {
    login,
    accessToken: secretOf(login),
    ...tokenTypeOf(login),
    ...(profileArn === undefined ? {} : { profileArn }),
  }
}

export function secretOf(login: Login): Secret {
  return login.kind === "api-key" ? login.key : login.tokens.accessToken
}

function tokenTypeOf({ kind }: Login): Pick<Credential, "tokenType"> {
  switch (kind) {
    case "api-key":
      return { tokenType: "API_KEY" }
    case "external-idp":
      return { tokenType: "EXTERNAL_IDP" }
    case "idc":
    case "social":
      return {}
    default:
      return kind satisfies never
  }
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
  readonly rejected: Secret | undefined
  readonly now: number
  readonly marginMs: number
}): Login | undefined {
  const usable = account.logins.filter(
    (login) => login.revoked === undefined && (rejected === undefined || !secretOf(login).equals(rejected)),
  )
  const best = refreshable(usable).find((login) => login.tokens.expiresAt - now > marginMs)
  return best ?? usable.find((login) => login.kind === "api-key")
}

/** Of copies of one login the place is asked first where a newer pair appears first. */
const SOURCES: readonly LoginSource[] = ["own", "kiro-cli", "kiro-ide", "older-plugin", "environment"]

/** The logins that have tokens, the one that lasts longest first. */
export function refreshable(logins: readonly Login[]): readonly TokenLogin[] {
  return logins
    .filter((login) => login.kind !== "api-key")
    .toSorted(
      (one, other) =>
        other.tokens.expiresAt - one.tokens.expiresAt ||
        SOURCES.indexOf(one.source) - SOURCES.indexOf(other.source),
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
