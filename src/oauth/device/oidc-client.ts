import * as z from "zod/mini"
import { plausibleInstant, present } from "../../json.ts"
import { Secret } from "../../secret.ts"
import { PACKAGE } from "../../version.ts"
import { oidcOrigin, type SendOptions } from "../hosts.ts"
import { type ClientRegistration, optionalNumber, optionalText, readAnswer } from "../token-set.ts"
import {
  type AnsweredBy,
  ask,
  DEVICE_ANSWER,
  type DeviceAuthorization,
  DeviceAuthorizationError,
  type DeviceErrorCode,
  inMs,
  isPassingStatus,
  malformed,
  type PollAnswer,
  readAuthorization,
  readTokens,
} from "./authorization.ts"

/** What Kiro's own command-line client asks for. */
const SCOPES = ["codewhisperer:completions", "codewhisperer:analysis", "codewhisperer:conversations"]

const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

export interface OidcOptions extends SendOptions {
  readonly loginRegion: string
}

/** The three calls of a device authorization. Each throws `DeviceAuthorizationError`, or the signal's reason. */
export interface OidcClient {
  register(signal: AbortSignal): Promise<ClientRegistration>
  authorize(client: ClientRegistration, startUrl: string, signal: AbortSignal): Promise<DeviceAuthorization>
  requestTokens(client: ClientRegistration, deviceCode: Secret, signal: AbortSignal): Promise<PollAnswer>
}

/** The members of the three answers; the SDK hands them over as they came. Times are seconds. */
const ANSWER = z.object({
  clientId: optionalText,
  clientSecret: optionalText,
  clientSecretExpiresAt: optionalNumber,
  ...DEVICE_ANSWER,
  interval: optionalNumber,
})

/**
 * SSO OIDC of one login region, by the AWS SDK, which is loaded here and not before. Everything that the SDK would
 * else look up in `~/.aws` or `AWS_*` variables is given, and one call is one request. Throws `region-refused`.
 */
export async function openOidcClient(options: OidcOptions): Promise<OidcClient> {
  const host = oidcOrigin(options.loginRegion)
  if (host.outcome === "refused") throw new DeviceAuthorizationError("region-refused", host.message)
  const sdk = await import("@aws-sdk/client-sso-oidc")
  const service = new sdk.SSOOIDCClient({
    region: options.loginRegion,
    endpoint: host.origin,
    requestHandler: fetchHandler(options),
    maxAttempts: 1,
    retryMode: "standard",
    defaultsMode: "standard",
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    authSchemePreference: [],
    userAgentAppId: async () => undefined,
  })
  const answered = (): AnsweredBy => ({ by: "AWS", now: options.runtime.clock.now() })
  return {
    async register(signal) {
      const command = new sdk.RegisterClientCommand({
        // AWS shows it on the approval page.
        clientName: PACKAGE,
        clientType: "public",
        scopes: SCOPES,
      })
      const answer = await answerOrRefusal(service.send(command, { abortSignal: signal }), signal)
      const { clientId, clientSecret, clientSecretExpiresAt = 0 } = answer
      if (!clientId || !clientSecret) throw malformed("AWS", "the registration has no client id or secret")
      const expiresAt = plausibleInstant(clientSecretExpiresAt * 1000)
      return { clientId, clientSecret: new Secret(clientSecret), ...present({ expiresAt }) }
    },

    async authorize(client, startUrl, signal) {
      const command = new sdk.StartDeviceAuthorizationCommand({ ...credentialsOf(client), startUrl })
      const answer = await answerOrRefusal(service.send(command, { abortSignal: signal }), signal)
      const stated = { lifetimeMs: inMs(answer.expiresIn), intervalMs: inMs(answer.interval) }
      return readAuthorization(answer, answered(), stated)
    },

    async requestTokens(client, deviceCode, signal) {
      const command = new sdk.CreateTokenCommand({
        ...credentialsOf(client),
        grantType: DEVICE_GRANT,
        deviceCode: deviceCode.reveal(),
      })
      try {
        const answer = readAnswer(ANSWER, await service.send(command, { abortSignal: signal }))
        return { outcome: "approved", tokens: readTokens(answer, answered()) }
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof sdk.AuthorizationPendingException) return { outcome: "authorization_pending" }
        if (error instanceof sdk.SlowDownException) return { outcome: "slow_down" }
        throw readOidcError(error)
      }
    },
  }
}

function credentialsOf(client: ClientRegistration): { clientId: string; clientSecret: string } {
  return { clientId: client.clientId, clientSecret: client.clientSecret.reveal() }
}

async function answerOrRefusal(sent: Promise<object>, signal: AbortSignal): Promise<z.infer<typeof ANSWER>> {
  try {
    return readAnswer(ANSWER, await sent)
  } catch (error) {
    signal.throwIfAborted()
    throw readOidcError(error)
  }
}

/** The part of the SDK's request that we read: SSO OIDC has only JSON POSTs. */
interface SdkRequest {
  readonly protocol: string
  readonly hostname: string
  readonly path: string
  readonly body?: unknown
}

interface SdkResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

interface FetchHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(
    request: SdkRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ response: SdkResponse }>
}

/** What the SDK is given of an answer: a member of a type that it does not expect is the end of its reading. */
const SAID = z.extend(ANSWER, {
  error: optionalText,
  error_description: optionalText,
  __type: optionalText,
  code: optionalText,
  message: optionalText,
  Message: optionalText,
})

/**
 * A request handler for the SDK's client over `runtime.fetch`, so that proxies, certificate authorities and tests see
 * one fetch. It sends our own agent string and none of the SDK's headers.
 */
function fetchHandler(options: SendOptions): FetchHandler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, { abortSignal } = {}) {
      const answer = await ask(options, {
        url: `${request.protocol}//${request.hostname}${request.path}`,
        body: textOf(request.body),
        signal: abortSignal instanceof AbortSignal ? abortSignal : undefined,
      })
      const said = readAnswer(SAID, answer.document)
      const message = said.message ?? said.Message ?? `HTTP ${answer.status}`
      const body = new TextEncoder().encode(JSON.stringify({ ...said, message }))
      if (said.error === undefined)
        return { response: { statusCode: answer.status, headers: answer.headers, body } }
      // The code counts at any status: pending has been reported with HTTP 200, and not every answer names its exception.
      const headers = {
        "x-amzn-errortype": EXCEPTIONS.get(said.error) ?? "UnknownOAuthError",
        ...answer.headers,
      }
      return { response: { statusCode: Math.max(answer.status, 400), headers, body } }
    },
  }
}

function textOf(body: unknown): string {
  if (typeof body === "string") return body
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : ""
}

/** The OAuth error codes that end a sign-in, with the exceptions that the SDK knows for them. */
const REFUSALS: readonly (readonly [code: DeviceErrorCode, exception: string])[] = [
  ["expired_token", "ExpiredTokenException"],
  ["access_denied", "AccessDeniedException"],
  ["invalid_grant", "InvalidGrantException"],
  ["invalid_client", "InvalidClientException"],
  ["unauthorized_client", "UnauthorizedClientException"],
  ["invalid_scope", "InvalidScopeException"],
]

/** Of all OAuth error codes. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ...REFUSALS,
  ["authorization_pending", "AuthorizationPendingException"],
  ["slow_down", "SlowDownException"],
  ["invalid_request", "InvalidRequestException"],
])

const SDK_ERROR = z.object({
  error_description: optionalText,
  $metadata: z.catch(z.object({ httpStatusCode: optionalNumber }), { httpStatusCode: undefined }),
})

/** What an error of the SDK means: a refusal of the service, a fault of the service, or no answer at all. */
function readOidcError(error: unknown): DeviceAuthorizationError {
  if (error instanceof DeviceAuthorizationError) return error
  if (!(error instanceof Error)) return new DeviceAuthorizationError("unreachable", String(error))
  const { error_description: description, $metadata } = readAnswer(SDK_ERROR, error)
  const refusal = REFUSALS.find(([, exception]) => exception === error.name)
  const code = refusal?.[0] ?? codeOfStatus($metadata.httpStatusCode)
  return new DeviceAuthorizationError(code, description ?? error.message, { cause: error })
}

function codeOfStatus(status: number | undefined): DeviceErrorCode {
  if (status === undefined) return "unreachable"
  return isPassingStatus(status) ? "service-error" : "invalid_request"
}
