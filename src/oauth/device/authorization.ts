import * as z from "zod/mini"
import {
  isObject,
  type JsonObject,
  parseJson,
  plausibleLifetime,
  present,
  wordsOfFault,
  wordsOfPage,
} from "../../json.ts"
import type { Clock, Log } from "../../runtime.ts"
import { Secret } from "../../secret.ts"
import { wordsOf } from "../../settings/index.ts"
import { post, type SendOptions } from "../hosts.ts"
import { expiryOf, optionalNumber, optionalText, type TokenSet } from "../token-set.ts"

/** What the user needs to approve a device, and what we need to ask whether they did (RFC 8628 §3.2). */
export interface DeviceAuthorization {
  readonly deviceCode: Secret
  readonly userCode: string
  readonly verificationUri: string
  /** The page with the code filled in. */
  readonly verificationUriComplete?: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly intervalMs: number
}

/** The tokens of an approved device. */
export interface DeviceTokens extends TokenSet {
  /** Only the social service names one. */
  readonly profileArn?: string
  /** The social service's word for who vouched: `google`, `github`. */
  readonly identityProvider?: string
}

/** A page that a browser may be sent to: whatever else a service names counts as missing. */
const optionalPage = z.catch(z.optional(z.string().check(z.regex(/^https?:\/\/[^\p{C}\s]+$/u))), undefined)

/** A code that can be compared and typed; nothing that a terminal would obey. */
const optionalCode = z.catch(z.optional(z.string().check(z.regex(/^[^\p{C}]+$/u))), undefined)

/** The members that both services' answers have; the tokens' life is in seconds. */
export const DEVICE_ANSWER = {
  deviceCode: optionalText,
  userCode: optionalCode,
  verificationUri: optionalPage,
  verificationUriComplete: optionalPage,
  accessToken: optionalText,
  refreshToken: optionalText,
  expiresIn: optionalNumber,
}

type DeviceAnswer = z.infer<z.ZodMiniObject<typeof DEVICE_ANSWER>>

export type DeviceErrorCode =
  /** The user said no (RFC 8628 §3.5). */
  | "access_denied"
  /** The code was not approved in time (RFC 8628 §3.5). */
  | "expired_token"
  | "invalid_grant"
  | "invalid_client"
  | "unauthorized_client"
  | "invalid_request"
  | "invalid_scope"
  /** Not an AWS region, or one where Kiro is not offered. */
  | "region-refused"
  /** No answer: DNS, connection, TLS, a silence. */
  | "unreachable"
  /** The service answered with a fault of its own, or a code that nobody knows. */
  | "service-error"
  /** Something in front of the service refused the request: the services answer in JSON, also where they refuse. */
  | "refused-on-the-way"
  /** An answer without the members that it must have. */
  | "malformed-answer"

/**
 * Why a sign-in ended. `message` is the service's own text, or says what was missing; it never holds a token or an e-mail
 * address.
 */
export class DeviceAuthorizationError extends Error {
  override readonly name = "DeviceAuthorizationError"
  readonly code: DeviceErrorCode

  constructor(code: DeviceErrorCode, message: string, options?: ErrorOptions) {
    super(wordsOf(message), options)
    this.code = code
  }
}

/** RFC 8628 §3.2: the interval where the service names none. */
const DEFAULT_INTERVAL_MS = 5_000
/** A question a second is the most that anybody means; a minute is the longest that somebody who approved should wait. */
const SHORTEST_INTERVAL_MS = 1_000
/** The longest wait between two questions, also while the service can't be reached. */
const LONGEST_WAIT_MS = 60_000
/** A device code's usual life, where the service names none. */
const DEFAULT_EXPIRY_MS = 600_000

/** Who answered, as errors name them, and when (epoch ms). */
export interface AnsweredBy {
  readonly by: "AWS" | "Kiro"
  readonly now: number
}

/** What a service says that a device may be approved with. Throws where something is missing. */
export function readAuthorization(
  answer: DeviceAnswer,
  { by, now }: AnsweredBy,
  stated: { readonly lifetimeMs: number | undefined; readonly intervalMs: number | undefined },
): DeviceAuthorization {
  const { deviceCode, userCode, verificationUri, verificationUriComplete } = answer
  if (!deviceCode || !userCode || !verificationUri) throw malformed(by, "there is no code or no page")
  return {
    deviceCode: new Secret(deviceCode),
    userCode,
    verificationUri,
    ...present({ verificationUriComplete }),
    expiresAt: now + (plausibleLifetime(stated.lifetimeMs) ?? DEFAULT_EXPIRY_MS),
    intervalMs: intervalOf(stated.intervalMs),
  }
}

function intervalOf(statedMs: number | undefined): number {
  if (statedMs === undefined || !(statedMs > 0)) return DEFAULT_INTERVAL_MS
  return Math.min(Math.max(statedMs, SHORTEST_INTERVAL_MS), LONGEST_WAIT_MS)
}

/** The pair of an approved device. Throws where there is none. */
export function readTokens(
  { accessToken, refreshToken, expiresIn }: DeviceAnswer,
  { by, now }: AnsweredBy,
): TokenSet {
  if (!accessToken) throw malformed(by, "there is no access token")
  return {
    accessToken: new Secret(accessToken),
    ...present({ refreshToken: refreshToken ? new Secret(refreshToken) : undefined }),
    expiresAt: expiryOf(expiresIn, now),
  }
}

export function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}

export function malformed(by: AnsweredBy["by"], message: string): DeviceAuthorizationError {
  return new DeviceAuthorizationError("malformed-answer", `${by} sent an incomplete answer: ${message}.`)
}

/** The longest one request of a sign-in may take, in milliseconds, up to the last byte of its answer. */
const REQUEST_LIMIT_MS = 30_000

export interface ServiceAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly document: JsonObject
}

/**
 * One JSON POST of a sign-in. Throws `DeviceAuthorizationError` where the service has not answered, or something else
 * has in its place; rejects with the signal's reason.
 */
export async function ask(
  options: SendOptions,
  request: { readonly url: string; readonly body: string; readonly signal: AbortSignal | undefined },
): Promise<ServiceAnswer> {
  const limit = new AbortController()
  const cancel = options.runtime.clock.deadline(REQUEST_LIMIT_MS, () =>
    limit.abort(new Error("no answer in time")),
  )
  const signals = request.signal === undefined ? [limit.signal] : [limit.signal, request.signal]
  try {
    const { status, headers, body } = await post(options, { ...request, signal: AbortSignal.any(signals) })
    const document = body.trim() === "" ? {} : parseJson(body)
    if (!isObject(document)) throw new DeviceAuthorizationError(codeOfPage(status), wordsOfPage(status, body))
    return { status, headers, document }
  } catch (error) {
    request.signal?.throwIfAborted()
    if (error instanceof DeviceAuthorizationError) throw error
    throw new DeviceAuthorizationError("unreachable", wordsOfFault(error), { cause: error })
  } finally {
    cancel()
  }
}

/** A fault of the service passes; so does one of what stands in front of it, unless it says no. */
export function isPassingStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 429
}

function codeOfPage(status: number): DeviceErrorCode {
  if (isPassingStatus(status)) return "service-error"
  return status < 400 ? "unreachable" : "refused-on-the-way"
}

/** What one question for the tokens brought. A refusal, or none, is a thrown `DeviceAuthorizationError`. */
export type PollAnswer =
  | { readonly outcome: "approved"; readonly tokens: DeviceTokens }
  | { readonly outcome: "authorization_pending" | "slow_down" }

/** RFC 8628 §3.5: the interval grows by 5 seconds for this and all later requests. */
const SLOW_DOWN_MS = 5_000

/**
 * Asks for the tokens until the user approved (RFC 8628 §3.4, §3.5): first after one interval, never past the code's
 * expiry. A question that got no answer is not an end: the wait doubles until one comes. Rejects with a
 * `DeviceAuthorizationError`, or with the signal's reason.
 */
export async function pollForTokens(flow: {
  readonly clock: Clock
  readonly log: Log
  readonly authorization: DeviceAuthorization
  ask(): Promise<PollAnswer>
  readonly signal: AbortSignal
}): Promise<DeviceTokens> {
  const { clock, authorization, signal } = flow
  let intervalMs = authorization.intervalMs
  let waitMs = intervalMs
  while (clock.now() + waitMs < authorization.expiresAt) {
    await clock.sleep(waitMs, signal)
    try {
      const answer = await flow.ask()
      if (answer.outcome === "approved") return answer.tokens
      if (answer.outcome === "slow_down") intervalMs += SLOW_DOWN_MS
      waitMs = intervalMs
    } catch (error) {
      if (!isNoAnswer(error)) throw error
      flow.log.warn("no answer while waiting for the sign-in", { reason: error.message })
      waitMs = Math.max(intervalMs, Math.min(waitMs * 2, LONGEST_WAIT_MS))
    }
  }
  throw new DeviceAuthorizationError("expired_token", "The code was not approved in time.")
}

function isNoAnswer(error: unknown): error is DeviceAuthorizationError {
  if (!(error instanceof DeviceAuthorizationError)) return false
  return error.code === "unreachable" || error.code === "service-error"
}
