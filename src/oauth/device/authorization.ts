import type { Secret } from "../../secret.ts"
import type { TokenSet } from "../token-set.ts"

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

/** RFC 8628 §3.2: the interval where the service names none. */
export const DEFAULT_INTERVAL_MS = 5_000
/** A device code's usual life, where the service names none. */
export const DEFAULT_EXPIRY_MS = 600_000
/** The life of an access token, where the answer names none. */
export const DEFAULT_LIFETIME_MS = 3_600_000
