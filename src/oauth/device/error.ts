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
  /** An answer without the members that it must have. */
  | "malformed-answer"

/** Why a sign-in ended. `message` is the service's own text, or says what was missing; it never holds a token. */
export class DeviceAuthorizationError extends Error {
  override readonly name = "DeviceAuthorizationError"
  readonly code: DeviceErrorCode

  constructor(code: DeviceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
