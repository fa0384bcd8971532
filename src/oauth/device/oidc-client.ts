import { plausibleInstant, present } from "../../json.ts"
import { Secret } from "../../secret.ts"
import { oidcOrigin } from "../hosts.ts"
import type { ClientRegistration } from "../token-set.ts"
import {
  DEFAULT_EXPIRY_MS,
  DEFAULT_INTERVAL_MS,
  DEFAULT_LIFETIME_MS,
  type DeviceAuthorization,
} from "./authorization.ts"
import { DeviceAuthorizationError } from "./error.ts"
import { fetchHandler } from "./fetch-handler.ts"
import { readOidcError } from "./oidc-errors.ts"
import type { PollAnswer } from "./poll.ts"
import { CLIENT_NAME, SCOPES } from "./registration.ts"
import type { SendOptions } from "./send.ts"

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

/**
 * SSO OIDC of one login region, by the AWS SDK, which is loaded here and not before. Everything that the SDK would
 * else look up in `~/.aws` or `AWS_*` variables is given, and one call is one request. Throws `region-refused`.
 */
export async function openOidcClient(options: OidcOptions): Promise<OidcClient> {
  const host = oidcOrigin(options.loginRegion)
  if ("refused" in host) throw new DeviceAuthorizationError("region-refused", host.message)
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
  const { clock } = options.runtime
  return {
    async register(signal) {
      const command = new sdk.RegisterClientCommand({
        clientName: CLIENT_NAME,
        clientType: "public",
        scopes: [...SCOPES],
      })
      const answer = await refusalsOf(service.send(command, { abortSignal: signal }), signal)
      const { clientId, clientSecret, clientSecretExpiresAt } = answer
      if (!clientId || !clientSecret) throw malformed("the registration has no client id or secret")
      const expiresAt = plausibleInstant((clientSecretExpiresAt ?? 0) * 1000)
      return { clientId, clientSecret: new Secret(clientSecret), ...present({ expiresAt }) }
    },

    async authorize(client, startUrl, signal) {
      const command = new sdk.StartDeviceAuthorizationCommand({ ...credentialsOf(client), startUrl })
      const answer = await refusalsOf(service.send(command, { abortSignal: signal }), signal)
      const { deviceCode, userCode, verificationUri, verificationUriComplete } = answer
      if (!deviceCode || !userCode || !verificationUri) throw malformed("there is no code or no page")
      return {
        deviceCode: new Secret(deviceCode),
        userCode,
        verificationUri,
        ...(verificationUriComplete ? { verificationUriComplete } : {}),
        expiresAt: clock.now() + (answer.expiresIn ? answer.expiresIn * 1000 : DEFAULT_EXPIRY_MS),
        intervalMs: answer.interval ? answer.interval * 1000 : DEFAULT_INTERVAL_MS,
      }
    },

    async requestTokens(client, deviceCode, signal) {
      const command = new sdk.CreateTokenCommand({
        ...credentialsOf(client),
        grantType: DEVICE_GRANT,
        deviceCode: deviceCode.reveal(),
      })
      try {
        const answer = await service.send(command, { abortSignal: signal })
        const { accessToken, refreshToken, expiresIn } = answer
        if (!accessToken) throw malformed("there is no access token")
        const tokens = {
          accessToken: new Secret(accessToken),
          ...(refreshToken ? { refreshToken: new Secret(refreshToken) } : {}),
          expiresAt: clock.now() + (expiresIn ? expiresIn * 1000 : DEFAULT_LIFETIME_MS),
        }
        return { state: "approved", tokens }
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof sdk.AuthorizationPendingException) return { state: "authorization_pending" }
        if (error instanceof sdk.SlowDownException) return { state: "slow_down" }
        return unreachableOrThrow(error)
      }
    },
  }
}

function credentialsOf(client: ClientRegistration): { clientId: string; clientSecret: string } {
  return { clientId: client.clientId, clientSecret: client.clientSecret.reveal() }
}

async function refusalsOf<Answer>(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    signal.throwIfAborted()
    throw readOidcError(error)
  }
}

function unreachableOrThrow(error: unknown): PollAnswer {
  const refusal = readOidcError(error)
  if (refusal.code !== "unreachable" && refusal.code !== "service-error") throw refusal
  return { state: "unreachable", reason: refusal.message }
}

function malformed(message: string): DeviceAuthorizationError {
  return new DeviceAuthorizationError("malformed-answer", `AWS sent an incomplete answer: ${message}.`)
}
