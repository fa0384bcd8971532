import * as z from "zod/mini"
import { present } from "../../json.ts"
import { optionalNumber, optionalText, readAnswer } from "../token-set.ts"
import { type SendOptions, SOCIAL_ORIGIN } from "../hosts.ts"
import {
  ask,
  DEVICE_ANSWER,
  type DeviceAuthorization,
  DeviceAuthorizationError,
  type DeviceTokens,
  isPassingStatus,
  pollForTokens,
  type PollAnswer,
  readAuthorization,
  readTokens,
} from "./authorization.ts"

export type SocialProvider = "Google" | "Github"

/** The only client that the service's device flow knows. */
const SOCIAL_CLIENT_ID = "kiro-cli"

export interface SocialOptions extends SendOptions {
  readonly signal: AbortSignal
}

/** The members of both answers. Unlike SSO OIDC this service counts in milliseconds, but for the tokens' life. */
const ANSWER = z.object({
  ...DEVICE_ANSWER,
  expiresInMilliseconds: optionalNumber,
  intervalInMilliseconds: optionalNumber,
  profileArn: optionalText,
  identityProvider: optionalText,
  status: optionalText,
  error: optionalText,
  error_description: optionalText,
  message: optionalText,
})

interface SocialAnswer {
  readonly status: number
  readonly body: z.infer<typeof ANSWER>
}

/** Starts a sign-in with Google or GitHub at Kiro's own device flow. Throws `DeviceAuthorizationError`. */
export async function startSocialDeviceAuthorization(
  options: SocialOptions & { readonly provider: SocialProvider },
): Promise<DeviceAuthorization> {
  const question = { clientId: SOCIAL_CLIENT_ID, loginProvider: options.provider }
  const answer = await askService(options, "/oauth/device/authorization", question)
  if (answer.status !== 200) throw refusalOf(answer)
  const { body } = answer
  const stated = { lifetimeMs: body.expiresInMilliseconds, intervalMs: body.intervalInMilliseconds }
  const verificationUri = body.verificationUri ?? body.verificationUriComplete
  return readAuthorization(
    { ...body, verificationUri },
    { by: "Kiro", now: options.runtime.clock.now() },
    stated,
  )
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
  const answer = await askService(options, "/oauth/device/poll", question)
  const { status, body } = answer
  const word = body.status ?? body.error
  if (word === "authorization_pending" || word === "slow_down") return { outcome: word }
  if (isPassingStatus(status)) throw new DeviceAuthorizationError("service-error", `HTTP ${status}`)
  const { accessToken, profileArn, identityProvider } = body
  if (status !== 200 || (word !== undefined && !accessToken)) throw refusalOf(answer)
  const tokens = readTokens(body, { by: "Kiro", now: options.runtime.clock.now() })
  return { outcome: "approved", tokens: { ...tokens, ...present({ profileArn, identityProvider }) } }
}

async function askService(
  options: SocialOptions,
  path: string,
  question: { readonly [field: string]: string },
): Promise<SocialAnswer> {
  const { status, document } = await ask(options, {
    url: `${SOCIAL_ORIGIN}${path}`,
    body: JSON.stringify(question),
    signal: options.signal,
  })
  return { status, body: readAnswer(ANSWER, document) }
}

function refusalOf({ status, body }: SocialAnswer): DeviceAuthorizationError {
  const message = body.error_description ?? body.message ?? `HTTP ${status}`
  const word = body.error ?? body.status
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
        isPassingStatus(status) ? "service-error" : "invalid_request",
        message,
      )
  }
}
