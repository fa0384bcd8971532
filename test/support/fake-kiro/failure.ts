import { json, type DocumentReply } from "./reply.ts"

/** An error of the service. `type` goes into `x-amzn-errortype`, message and reason into the body. */
export interface FailureOptions {
  readonly status: number
  readonly type?: string
  readonly message?: string
  readonly reason?: string | null
  /** Replaces the usual body: an object as JSON, a text as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export function failure(options: FailureOptions): DocumentReply {
  const headers = { ...(options.type && { "x-amzn-errortype": errorType(options.type) }), ...options.headers }
  if (typeof options.body === "string")
    return { kind: "document", status: options.status, headers, body: options.body }
  const body = options.body ?? { message: options.message ?? "", reason: options.reason ?? null }
  return json(body, { status: options.status, headers })
}

const errorType = (type: string): string =>
  `${type}:http://internal.amazon.com/coral/com.amazon.coral.service/`

const denied = (message: string, reason: string | null = null): DocumentReply =>
  failure({ status: 403, type: "AccessDeniedException", message, reason })
const throttling = (message: string, reason: string | null = null): DocumentReply =>
  failure({ status: 429, type: "ThrottlingException", message, reason })
const internal = (message: string, reason: string | null = null): DocumentReply =>
  failure({ status: 500, type: "InternalServerException", message, reason })
const quota = (message: string, reason: string): DocumentReply =>
  failure({ status: 402, type: "ServiceQuotaExceededException", message, reason })
const invalid = (message: string, reason: string | null = null): DocumentReply =>
  failure({ status: 400, type: "ValidationException", message, reason })

export type FailureName =
  | "invalidBearer"
  | "invalidTokenOnManagement"
  | "tokenExpiredOnManagement"
  | "notAuthorized"
  | "featureNotSupported"
  | "suspended"
  | "throttled"
  | "creditLimit"
  | "dailyLimit"
  | "capacity"
  | "monthlyLimit"
  | "monthlyLimitAsThrottle"
  | "overageLimit"
  | "conversationLimit"
  | "highLoad"
  | "modelUnavailable"
  | "internalError"
  | "unavailable"
  | "gatewayPage"
  | "improperlyFormed"
  | "inputTooLong"
  | "invalidModel"
  | "signatureInvalid"
  | "invalidProfile"
  | "unknownOperation"

/** The service's errors as they have been seen, by name: `fake.fail(FAILURES.throttled)`. */
export const FAILURES: Readonly<Record<FailureName, DocumentReply>> = {
  invalidBearer: denied("The bearer token included in the request is invalid."),
  invalidTokenOnManagement: failure({
    status: 403,
    type: "AccessDeniedException",
    body: { message: "Invalid token" },
  }),
  tokenExpiredOnManagement: failure({
    status: 403,
    type: "AccessDeniedException",
    body: { message: "Token expired" },
  }),
  notAuthorized: denied("User is not authorized to make this call."),
  featureNotSupported: denied("User is not authorized to access this feature.", "FEATURE_NOT_SUPPORTED"),
  suspended: denied(
    "Your User ID (d-0000000000.11112222-3333-4444-5555-666677778888) temporarily is suspended. " +
      "We detected unusual user activity and locked it as a security precaution. " +
      "To restore access, please contact our support team.",
    "TEMPORARILY_SUSPENDED",
  ),
  throttled: throttling("Too many requests, please wait before trying again."),
  creditLimit: failure({
    status: 429,
    type: "ThrottlingException",
    body: { message: "60-minute credit limit exceeded" },
  }),
  dailyLimit: throttling("You have reached the daily limit.", "DAILY_REQUEST_COUNT"),
  capacity: throttling(
    "The model you've selected is experiencing a high volume of traffic. Try changing the model and re-running your prompt.",
    "INSUFFICIENT_MODEL_CAPACITY",
  ),
  monthlyLimit: quota("You have reached the limit.", "MONTHLY_REQUEST_COUNT"),
  /** The same limit as an older service says it. */
  monthlyLimitAsThrottle: failure({
    status: 400,
    body: {
      __type: "ThrottlingException",
      message: "Maximum Request reached for this month.",
      reason: "MONTHLY_REQUEST_COUNT",
    },
  }),
  overageLimit: quota("You've reached your overage limit.", "OVERAGE_REQUEST_LIMIT_EXCEEDED"),
  conversationLimit: quota("You have reached the limit of this conversation.", "CONVERSATION_LIMIT_EXCEEDED"),
  highLoad: internal("Encountered unexpectedly high load when processing the request, please try again."),
  modelUnavailable: internal(
    "Encountered an unexpected error when processing the request, please try again.",
    "MODEL_TEMPORARILY_UNAVAILABLE",
  ),
  internalError: internal("Encountered an unexpected error when processing the request, please try again."),
  unavailable: failure({
    status: 503,
    body: {
      __type: "ServiceUnavailableException",
      message: "The service is temporarily unavailable. Please try again later.",
    },
  }),
  gatewayPage: failure({
    status: 502,
    headers: { "content-type": "text/html" },
    body: "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>",
  }),
  improperlyFormed: invalid("Improperly formed request."),
  inputTooLong: invalid("Input is too long.", "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
  invalidModel: invalid("Invalid model. Please select a different model to continue.", "INVALID_MODEL_ID"),
  signatureInvalid: invalid("Invalid `signature` in `thinking` block", "THINKING_SIGNATURE_INVALID"),
  invalidProfile: failure({
    status: 400,
    type: "ValidationException",
    body: { message: "Invalid profileArn." },
  }),
  unknownOperation: failure({
    status: 404,
    type: "UnknownOperationException",
    body: { __type: "com.amazon.coral.service#UnknownOperationException" },
  }),
}
