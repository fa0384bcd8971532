import { isObject, numberField, parseJson, stringField, type JsonObject } from "../../json.ts"
import { Secret } from "../../secret.ts"
import { SOCIAL_ORIGIN } from "../hosts.ts"
import {
  DEFAULT_EXPIRY_MS,
  DEFAULT_INTERVAL_MS,
  DEFAULT_LIFETIME_MS,
  type DeviceAuthorization,
  type DeviceTokens,
} from "./authorization.ts"
import { DeviceAuthorizationError } from "./error.ts"
import { pollForTokens, type PollAnswer } from "./poll.ts"
import { send, type SendOptions } from "./send.ts"

export type SocialProvider = "Google" | "Github"

/** The only client that the service's device flow knows. */
const SOCIAL_CLIENT_ID = "kiro-cli"

export interface SocialOptions extends SendOptions {
  readonly signal: AbortSignal
}

/** Starts a sign-in with Google or GitHub at Kiro's own device flow. Throws `DeviceAuthorizationError`. */
export async function startSocialDeviceAuthorization(
  options: SocialOptions & { readonly provider: SocialProvider },
): Promise<DeviceAuthorization> {
  const question = { clientId: SOCIAL_CLIENT_ID, loginProvider: options.provider }
  const { status, body } = await post(options, "/oauth/device/authorization", question)
  if (status !== 200) throw refusalOf(status, body)
  const deviceCode = stringField(body, "deviceCode")
  const userCode = stringField(body, "userCode")
  const verificationUri = stringField(body, "verificationUri", "verificationUriComplete")
  if (!deviceCode || !userCode || !verificationUri) throw malformed("there is no code or no page")
  const complete = stringField(body, "verificationUriComplete")
  // This service counts in milliseconds, unlike SSO OIDC.
  const lifetimeMs = numberField(body, "expiresInMilliseconds") ?? DEFAULT_EXPIRY_MS
  return {
    deviceCode: new Secret(deviceCode),
    userCode,
    verificationUri,
    ...(complete ? { verificationUriComplete: complete } : {}),
    expiresAt: options.runtime.clock.now() + lifetimeMs,
    intervalMs: numberField(body, "intervalInMilliseconds") ?? DEFAULT_INTERVAL_MS,
  }
}

/** Waits for the approval. Throws `DeviceAuthorizationError`, or the signal's reason. */
export function pollForSocialTokens(
  options: SocialOptions & { readonly authorization: DeviceAuthorization },
): Promise<DeviceTokens> {
  const { clock, log } = options.runtime
  const { authorization, signal } = options
  return pollForTokens({ clock, log, authorization, ask: () => askForTokens(options), signal })
}

async function askForTokens(
  options: SocialOptions & { readonly authorization: DeviceAuthorization },
): Promise<PollAnswer> {
  const question = {
    clientId: SOCIAL_CLIENT_ID,
    deviceCode: options.authorization.deviceCode.reveal(),
  }
  try {
    const { status, body } = await post(options, "/oauth/device/poll", question)
    return judgePoll(status, body, options.runtime.clock.now())
  } catch (error) {
    if (error instanceof DeviceAuthorizationError && error.code === "unreachable")
      return { state: "unreachable", reason: error.message }
    throw error
  }
}

function judgePoll(status: number, body: JsonObject, now: number): PollAnswer {
  const word = stringField(body, "status", "error")
  if (word === "authorization_pending" || word === "slow_down") return { state: word }
  if (status >= 500 || status === 429) return { state: "unreachable", reason: `HTTP ${status}` }
  const accessToken = stringField(body, "accessToken")
  const refreshToken = stringField(body, "refreshToken")
  if (status !== 200 || (word !== undefined && !accessToken)) throw refusalOf(status, body)
  if (!accessToken) throw malformed("there is no access token")
  const lifetime = numberField(body, "expiresIn")
  const profileArn = stringField(body, "profileArn")
  const identityProvider = stringField(body, "identityProvider")
  const tokens: DeviceTokens = {
    accessToken: new Secret(accessToken),
    ...(refreshToken ? { refreshToken: new Secret(refreshToken) } : {}),
    expiresAt: now + (lifetime === undefined ? DEFAULT_LIFETIME_MS : lifetime * 1000),
    ...(profileArn ? { profileArn } : {}),
    ...(identityProvider ? { identityProvider } : {}),
  }
  return { state: "approved", tokens }
}

async function post(
  options: SocialOptions,
  path: string,
  question: { readonly [field: string]: string },
): Promise<{ status: number; body: JsonObject }> {
  try {
    const { status, body } = await send(options, {
      url: `${SOCIAL_ORIGIN}${path}`,
      body: JSON.stringify(question),
      signal: options.signal,
    })
    const document = parseJson(body)
    return { status, body: isObject(document) ? document : {} }
  } catch (error) {
    options.signal.throwIfAborted()
    throw new DeviceAuthorizationError("unreachable", messageOf(error), { cause: error })
  }
}

function refusalOf(status: number, body: JsonObject): DeviceAuthorizationError {
  const message = stringField(body, "error_description", "message") ?? `HTTP ${status}`
  const word = stringField(body, "error", "status")
  switch (word) {
    case "access_denied":
    case "expired_token":
    case "invalid_grant":
    case "invalid_client":
    case "unauthorized_client":
    case "invalid_request":
      return new DeviceAuthorizationError(word, message)
    default:
      return new DeviceAuthorizationError(
        status >= 500 || status === 429 ? "service-error" : "invalid_request",
        message,
      )
  }
}

function malformed(message: string): DeviceAuthorizationError {
  return new DeviceAuthorizationError("malformed-answer", `Kiro sent an incomplete answer: ${message}.`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
