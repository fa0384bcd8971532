import * as z from "zod/mini"
import { present, wordsOfFault, wordsOfPage } from "../json.ts"
import type { Clock, Runtime } from "../runtime.ts"
import { systemCode, wordsOf } from "../settings/index.ts"
import { Secret } from "../secret.ts"
import { type Answer, oidcOrigin, post, SOCIAL_ORIGIN } from "./hosts.ts"
import {
  expiryOf,
  optionalNumber,
  optionalText,
  readAnswer,
  type RefreshGrant,
  type TokenSet,
} from "./token-set.ts"

/** The codes of RFC 6749 §5.2, of OpenID Connect and of SSO OIDC after which the same refresh token can never work again. */
const REFUSED_CODES = [
  "invalid_grant",
  "invalid_client",
  "unauthorized_client",
  "expired_token",
  "interaction_required",
] as const

export type RefreshResult =
  | { readonly outcome: "tokens"; readonly tokens: TokenSet; readonly profileArn?: string }
  /** For good: only a new login helps. */
  | {
      readonly outcome: "refused"
      readonly code: (typeof REFUSED_CODES)[number] | "invalid_endpoint"
      readonly message: string
    }
  /**
   * The social service's bare 400 or 401, which is all that it says of a dead token, and at times of a bad minute: the
   * login is refused for good where the same comes again, a minute later at the least.
   */
  | { readonly outcome: "suspected"; readonly message: string }
  /** For now: the login is as it was. */
  | {
      readonly outcome: "failed"
      readonly reason: "network" | "timeout" | "service"
      readonly message: string
    }

/** The longest that one refresh may take, in milliseconds, from the request to the last byte of the answer. */
export const REFRESH_DEADLINE_MS = 20_000
/** See `limit`. */
const SLICE_MS = 1000

/**
 * Sends the one POST that renews a login and judges its answer; it never throws. The promise settles in the same
 * turn of the event loop in which the answer's last byte was read: who awaits it can store the new pair before
 * anything else happens. It is never repeated here: a rotated refresh token must not be sent twice.
 */
export async function refreshTokens({
  runtime,
  grant,
  endpointOverride,
  signal,
}: {
  readonly runtime: Runtime
  readonly grant: RefreshGrant
  readonly endpointOverride?: string | undefined
  /** Aborting loses a pair that the service may just have rotated: for the end of the process only. */
  readonly signal?: AbortSignal
}): Promise<RefreshResult> {
  const target = targetOf(grant)
  if (target.outcome === "refused") return target
  const deadline = new AbortController()
  const disarm = limit(runtime.clock, () => deadline.abort())
  try {
    const signals = signal === undefined ? [deadline.signal] : [deadline.signal, signal]
    const request = { ...target, signal: AbortSignal.any(signals) }
    const answer = await post({ runtime, endpointOverride }, request)
    return judge({ grant, answer, now: runtime.clock.now() })
  } catch (error) {
    if (deadline.signal.aborted)
      return { outcome: "failed", reason: "timeout", message: "the token service did not answer in time" }
    return { outcome: "failed", reason: "network", message: describeNetworkError(error) }
  } finally {
    disarm()
  }
}

type Target =
  | {
      readonly outcome: "target"
      readonly url: string
      readonly contentType: string
      readonly body: string
    }
  | Extract<RefreshResult, { outcome: "refused" }>

/**
 * SSO OIDC and the social service take JSON in camelCase; an external IdP takes the form of RFC 6749 §6. Refused without
 * a request: a login region that has no service, an endpoint without TLS.
 */
function targetOf(grant: RefreshGrant): Target {
  switch (grant.kind) {
    case "idc": {
      const oidc = oidcOrigin(grant.loginRegion)
      if (oidc.outcome === "refused")
        return { outcome: "refused", code: "invalid_endpoint", message: oidc.message }
      return json(`${oidc.origin}/token`, {
        clientId: grant.client.clientId,
        clientSecret: grant.client.clientSecret.reveal(),
        grantType: "refresh_token",
        refreshToken: grant.refreshToken.reveal(),
      })
    }
    case "social":
      return json(`${SOCIAL_ORIGIN}/refreshToken`, { refreshToken: grant.refreshToken.reveal() })
    case "external-idp": {
      const { tokenEndpoint: url, clientId, scopes } = grant
      // It comes out of another program's file: anything but https could send the token anywhere.
      if (!URL.canParse(url) || new URL(url).protocol !== "https:") {
        const message = "the token endpoint of this login is not an https URL"
        return { outcome: "refused", code: "invalid_endpoint", message }
      }
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        client_id: clientId,
        refresh_token: grant.refreshToken.reveal(),
      })
      if (scopes !== undefined) form.set("scope", scopes)
      const contentType = "application/x-www-form-urlencoded"
      return { outcome: "target", url, contentType, body: form.toString() }
    }
    default:
      return grant satisfies never
  }
}

function json(url: string, body: { readonly [field: string]: string }): Target {
  return { outcome: "target", url, contentType: "application/json", body: JSON.stringify(body) }
}

/**
 * The deadline in slices, so that time asleep does not count. Behind a laptop's sleep a deadline of the clock lets only
 * what has long arrived be read; a network that comes back takes longer, and to give up may throw a rotated pair away.
 */
function limit(clock: Clock, expired: () => void): () => void {
  let left = REFRESH_DEADLINE_MS / SLICE_MS
  const slice = (): (() => void) =>
    clock.deadline(SLICE_MS, () => {
      left -= 1
      if (left <= 0) expired()
      else cancel = slice()
    })
  let cancel = slice()
  return () => cancel()
}

/** SSO OIDC and the social service answer in camelCase, external identity providers as RFC 6749 §5 says. */
const ANSWER = z.object({
  accessToken: optionalText,
  access_token: optionalText,
  refreshToken: optionalText,
  refresh_token: optionalText,
  expiresIn: optionalNumber,
  expires_in: optionalNumber,
  profileArn: optionalText,
  error: optionalText,
  __type: optionalText,
  code: optionalText,
  error_description: optionalText,
  message: optionalText,
  Message: optionalText,
  errorMessage: optionalText,
})

/**
 * `now` is the instant at which the answer arrived (epoch ms): the expiry is counted from there by this machine's clock,
 * whatever that clock says. Where the answer names no refresh token, the old one stays good (RFC 6749 §6).
 */
function judge({
  grant,
  answer: { status, headers, body },
  now,
}: {
  readonly grant: RefreshGrant
  readonly answer: Answer
  readonly now: number
}): RefreshResult {
  const fields = readAnswer(ANSWER, body)
  const code = errorCode(fields, headers["x-amzn-errortype"])
  // Of something in front, which says nothing of the login.
  if (code === undefined && body.trimStart().startsWith("<"))
    return { outcome: "failed", reason: "service", message: wordsOf(wordsOfPage(status, body)) }
  if (status >= 200 && status < 300 && code === undefined) {
    const accessToken = fields.accessToken ?? fields.access_token
    if (accessToken === undefined)
      return { outcome: "failed", reason: "service", message: "the token service answered without a token" }
    const refreshToken = fields.refreshToken ?? fields.refresh_token
    const tokens = {
      accessToken: new Secret(accessToken),
      refreshToken: refreshToken === undefined ? grant.refreshToken : new Secret(refreshToken),
      expiresAt: expiryOf(fields.expiresIn ?? fields.expires_in, now),
    }
    return { outcome: "tokens", tokens, ...present({ profileArn: fields.profileArn }) }
  }
  const said = fields.error_description ?? fields.message ?? fields.Message ?? fields.errorMessage
  const words = said ?? fields.error ?? code ?? `HTTP status ${status}`
  const message = wordsOf(words.replaceAll(grant.refreshToken.reveal(), "[secret]"))
  const refused = REFUSED_CODES.find((each) => each === code)
  if (refused !== undefined) return { outcome: "refused", code: refused, message }
  const bare = grant.kind === "social" && code === undefined && (status === 400 || status === 401)
  return bare ? { outcome: "suspected", message } : { outcome: "failed", reason: "service", message }
}

/** What the answer names, the code that ends a login before any other: something else may stand beside it. */
function errorCode(fields: z.infer<typeof ANSWER>, errorType: string | undefined): string | undefined {
  const named = [fields.error, fields.__type, fields.code, errorType].flatMap((text) => codeIn(text) ?? [])
  return REFUSED_CODES.find((code) => named.includes(code)) ?? named[0]
}

/** The OAuth code, or the AWS exception's name as one: `InvalidGrantException` is `invalid_grant`. A title of HTTP is none. */
function codeIn(text = ""): string | undefined {
  const exception = /(?<![A-Za-z])([A-Za-z]+)Exception\b/.exec(text)?.[1]
  if (exception !== undefined) return exception.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase()
  return /^[a-z]+(?:_[a-z]+)+$/i.test(text) ? text.toLowerCase() : undefined
}

function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return "the token service could not be reached"
  const cause = error.cause instanceof Error ? error.cause : error
  // A proxy's own words hold its status; the code that stands for them says nothing.
  const words = wordsOfFault(error)
  return `the token service could not be reached (${words.startsWith("Proxy ") ? words : systemCode(cause)})`
}
