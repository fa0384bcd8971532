import type { Clock, Log } from "../../runtime.ts"
import type { DeviceAuthorization, DeviceTokens } from "./authorization.ts"
import { DeviceAuthorizationError } from "./error.ts"

/** What one question for the tokens brought. A refusal is not an answer but a thrown `DeviceAuthorizationError`. */
export type PollAnswer =
  | { readonly state: "approved"; readonly tokens: DeviceTokens }
  | { readonly state: "authorization_pending" }
  | { readonly state: "slow_down" }
  | { readonly state: "unreachable"; readonly reason: string }

/** RFC 8628 §3.5: the interval grows by 5 seconds for this and all later requests. */
const SLOW_DOWN_MS = 5_000
/** The longest wait between two questions while the service can't be reached. */
const LONGEST_WAIT_MS = 60_000

/**
 * Asks for the tokens until the user approved (RFC 8628 §3.4, §3.5): first after one interval, never past the code's
 * expiry. A question that got no answer is not an end: the wait doubles until one comes. Rejects with a
 * `DeviceAuthorizationError`, or with the signal's reason.
 */
export async function pollForTokens(flow: {
  readonly clock: Clock
  readonly log: Log
  readonly authorization: DeviceAuthorization
  ask(signal: AbortSignal): Promise<PollAnswer>
  readonly signal: AbortSignal
}): Promise<DeviceTokens> {
  const { clock, authorization, signal } = flow
  let intervalMs = authorization.intervalMs
  let waitMs = intervalMs
  while (clock.now() + waitMs < authorization.expiresAt) {
    await clock.sleep(waitMs, signal)
    const answer = await flow.ask(signal)
    switch (answer.state) {
      case "approved":
        return answer.tokens
      case "authorization_pending":
        waitMs = intervalMs
        break
      case "slow_down":
        intervalMs += SLOW_DOWN_MS
        waitMs = intervalMs
        break
      case "unreachable":
        flow.log.warn("no answer while waiting for the sign-in", { reason: answer.reason })
        waitMs = Math.max(intervalMs, Math.min(waitMs * 2, LONGEST_WAIT_MS))
        break
      default:
        answer satisfies never
    }
  }
  throw new DeviceAuthorizationError("expired_token", "The code was not approved in time.")
}
