import { isObject, numberField, parseJson, stringField } from "../../json.ts"
import { DeviceAuthorizationError, type DeviceErrorCode } from "./error.ts"

/** The exception that the SDK knows for an OAuth error code. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  authorization_pending: "AuthorizationPendingException",
  slow_down: "SlowDownException",
  expired_token: "ExpiredTokenException",
  access_denied: "AccessDeniedException",
  invalid_grant: "InvalidGrantException",
  invalid_client: "InvalidClientException",
  unauthorized_client: "UnauthorizedClientException",
  invalid_request: "InvalidRequestException",
  invalid_scope: "InvalidScopeException",
}

const CODES: Readonly<Record<string, DeviceErrorCode>> = {
  ExpiredTokenException: "expired_token",
  AccessDeniedException: "access_denied",
  InvalidGrantException: "invalid_grant",
  InvalidClientException: "invalid_client",
  UnauthorizedClientException: "unauthorized_client",
  InvalidScopeException: "invalid_scope",
}

/**
 * The exception that a body's `error` member stands for. It counts at any status: pending has been reported with
 * HTTP 200, and not every answer names its exception in a header.
 */
export function exceptionOf(body: string): string | undefined {
  const document = parseJson(body)
  if (!isObject(document)) return undefined
  const code = stringField(document, "error")
  return code === undefined ? undefined : (EXCEPTIONS[code] ?? "UnknownOAuthError")
}

/** What an error of the SDK means: a refusal of the service, a fault of the service, or no answer at all. */
export function readOidcError(error: unknown): DeviceAuthorizationError {
  if (error instanceof DeviceAuthorizationError) return error
  if (!(error instanceof Error)) return new DeviceAuthorizationError("unreachable", String(error))
  const description =
    "error_description" in error && typeof error.error_description === "string" && error.error_description
  return new DeviceAuthorizationError(
    CODES[error.name] ?? codeOfStatus(error),
    description || error.message,
    {
      cause: error,
    },
  )
}

function codeOfStatus(error: Error): DeviceErrorCode {
  const status =
    "$metadata" in error && isObject(error.$metadata)
      ? numberField(error.$metadata, "httpStatusCode")
      : undefined
  if (status === undefined) return "unreachable"
  return status >= 500 || status === 429 ? "service-error" : "invalid_request"
}
