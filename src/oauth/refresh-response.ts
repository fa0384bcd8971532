import { isObject, type JsonObject, numberField, parseJson, plausibleLifetime, stringField } from "../json.ts"
import { Secret } from "../secret.ts"
import type { RefreshGrant, TokenSet } from "./token-set.ts"

/** The codes of RFC 6749 §5.2 and of SSO OIDC after which the same refresh token can never work again. */
export type RefusedCode =
  | "invalid_grant"
  | "invalid_client"
  | "unauthorized_client"
  | "access_denied"
  | "expired_token"
  | "interaction_required"
  | "invalid_endpoint"

export type RefreshResult =
  | { readonly outcome: "tokens"; readonly tokens: TokenSet; readonly profileArn?: string }
  /** For good: only a new login helps. */
  | { readonly outcome: "refused"; readonly code: RefusedCode; readonly message: string }
  /** For now: the login is as it was. */
  | {
      readonly outcome: "failed"
      readonly reason: "network" | "timeout" | "service"
      readonly message: string
    }

const REFUSED_CODES: ReadonlySet<string> = new Set<RefusedCode>([
  "invalid_grant",
  "invalid_client",
  "unauthorized_client",
  "access_denied",
  "expired_token",
  "interaction_required",
])

/** What the services give where they name no lifetime. */
const DEFAULT_LIFETIME_MS = 3_600_000
const LONGEST_MESSAGE = 200

/**
 * Judges the answer to a refresh. `now` is the instant at which it arrived (epoch ms): the expiry is counted from
 * there by this machine's clock, whatever that clock says. Where the answer names no refresh token, the old one
 * stays good (RFC 6749 §6).
 */
export function readRefreshResponse({
  grant,
  status,
  errorType,
  body,
  now,
}: {
  readonly grant: RefreshGrant
  readonly status: number
  /** The header `x-amzn-errortype`. */
  readonly errorType?: string | undefined
  readonly body: string
  readonly now: number
}): RefreshResult {
  const parsed = parseJson(body)
  const fields = isObject(parsed) ? parsed : {}
  const code = errorCode(fields, errorType)
  if (status >= 200 && status < 300 && code === undefined) return readTokens({ grant, fields, now })
  const message = messageOf({ grant, fields, fallback: code ?? `HTTP status ${status}` })
  if (code !== undefined && isRefusedCode(code)) return { outcome: "refused", code, message }
  // The social service answers a dead token with a bare 400 or 401.
  if (grant.kind === "social" && (status === 400 || status === 401))
    return { outcome: "refused", code: "invalid_grant", message }
  return { outcome: "failed", reason: "service", message }
}

function readTokens({
  grant,
  fields,
  now,
}: {
  readonly grant: RefreshGrant
  readonly fields: JsonObject
  readonly now: number
}): RefreshResult {
  const accessToken = stringField(fields, "accessToken", "access_token")
  if (accessToken === undefined)
    return { outcome: "failed", reason: "service", message: "the token service answered without a token" }
  const refreshToken = stringField(fields, "refreshToken", "refresh_token")
  const profileArn = stringField(fields, "profileArn")
  return {
    outcome: "tokens",
    tokens: {
      accessToken: new Secret(accessToken),
      refreshToken: refreshToken === undefined ? grant.refreshToken : new Secret(refreshToken),
      expiresAt: now + lifetimeMs(fields),
    },
    ...(profileArn === undefined ? {} : { profileArn }),
  }
}

function lifetimeMs(fields: JsonObject): number {
  const named = numberField(fields, "expiresIn", "expires_in")
  // Some identity providers send the number as text.
  const seconds = named ?? Number(stringField(fields, "expiresIn", "expires_in") ?? Number.NaN)
  return plausibleLifetime(seconds * 1000) ?? DEFAULT_LIFETIME_MS
}

/** The OAuth code, or the AWS exception's name as one: `InvalidGrantException` is `invalid_grant`. */
function errorCode(fields: JsonObject, errorType: string | undefined): string | undefined {
  const code = stringField(fields, "error")
  if (code !== undefined) return code.toLowerCase()
  const name = stringField(fields, "__type", "code") ?? errorType
  const exception = name?.match(/([A-Za-z]+)Exception\b/)?.[1]
  return exception?.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase()
}

function isRefusedCode(code: string): code is RefusedCode {
  return REFUSED_CODES.has(code)
}

function messageOf({
  grant,
  fields,
  fallback,
}: {
  readonly grant: RefreshGrant
  readonly fields: JsonObject
  readonly fallback: string
}): string {
  const words = stringField(fields, "error_description", "message", "Message", "errorMessage") ?? fallback
  return words.replaceAll(grant.refreshToken.reveal(), "[secret]").slice(0, LONGEST_MESSAGE)
}
