import type { FailureKind } from "./failure.ts"

/** The reasons the service names (an open set: an unknown one falls back to the exception's name and the status). */
const REASONS: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ["TEMPORARILY_SUSPENDED", "suspended"],
  ["FEATURE_NOT_SUPPORTED", "feature-not-supported"],
  ["UNAUTHORIZED_CUSTOMIZATION_RESOURCE_ACCESS", "not-authorized"],
  ["UNAUTHORIZED_WORKSPACE_CONTEXT_FEATURE_ACCESS", "not-authorized"],
  ["CUSTOMER_KMS_KEY_DISABLED", "not-authorized"],
  ["CUSTOMER_KMS_KEY_INVALID_KEY_POLICY", "not-authorized"],
  ["MISMATCHED_KMS_KEY", "not-authorized"],
  ["INVALID_KMS_GRANT", "not-authorized"],
  ["MODEL_TEMPORARILY_UNAVAILABLE", "capacity"],
  ["INSUFFICIENT_MODEL_CAPACITY", "capacity"],
  ["CONVERSATION_LIMIT_EXCEEDED", "conversation-limit"],
  ["MONTHLY_REQUEST_COUNT", "monthly-quota"],
  ["DAILY_REQUEST_COUNT", "daily-quota"],
  ["OVERAGE_REQUEST_LIMIT_EXCEEDED", "overage-limit"],
  ["CONTENT_LENGTH_EXCEEDS_THRESHOLD", "input-too-long"],
  ["PROMPT_TOO_LONG", "input-too-long"],
  ["INVALID_MODEL_ID", "invalid-model"],
  ["THINKING_SIGNATURE_INVALID", "signature-invalid"],
])

const REASON_FAMILIES: readonly (readonly [prefix: string, kind: FailureKind])[] = [
  ["IMAGE_", "image-refused"],
  ["DOCUMENT_", "document-refused"],
  ["TOOL_", "malformed-request"],
  ["REQUEST_BODY_", "malformed-request"],
  ["INVALID_CONVERSATION_ID", "malformed-request"],
]

export function kindOfReason(reason: string): FailureKind | undefined {
  return REASONS.get(reason)
}

/** What a reason is about; the words beside it may say it more exactly. */
export function kindOfFamily(reason: string): FailureKind | undefined {
  return REASON_FAMILIES.find(([prefix]) => reason.startsWith(prefix))?.[1]
}

/**
 * The one place where the service's words decide, for the answers that come without a reason. Each pattern stands for
 * a wording that was really seen (and is a test); it counts only under the exceptions named with it.
 */
const TEXTS: readonly (readonly [pattern: RegExp, kind: FailureKind, families: readonly Family[]])[] = [
  [/user id .*suspended|account (?:is|has been) suspended/i, "suspended", ["access"]],
  [/bearer token|\binvalid token|token (?:is |has )?expired|expired token/i, "bearer-rejected", ["access"]],
  [/profile ?arn/i, "not-authorized", ["access", "validation"]],
  [/maximum request reached for this month/i, "monthly-quota", ["throttle"]],
  [/high volume of traffic|INSUFFICIENT_MODEL_CAPACITY/i, "capacity", ["throttle"]],
  [/unexpectedly high load/i, "capacity", ["service"]],
  [
    /input is too long|content length exceeds threshold|prompt is too long/i,
    "input-too-long",
    ["validation", "throttle"],
  ],
  [/invalid model|model id/i, "invalid-model", ["validation"]],
  [/`?signature`? in `?thinking`?/i, "signature-invalid", ["validation"]],
  [/image exceeds|image was specified|too many images|image dimensions/i, "image-refused", ["validation"]],
  [
    /additional ?model ?request ?field|output_config|max_tokens|reasoning\.effort|thinking\.(?:type|display)|thinking\b.{0,30} not (?:supported|allowed|permitted)|(?:extraneous|unknown|unsupported|unexpected|unrecognized|invalid) (?:key|field|parameter|property)s?\b.{0,20}\b(?:thinking|effort|reasoning)\b|\b(?:effort|reasoning)\b.{0,40} (?:not|n't) (?:supported|allowed|permitted|valid)|extraneous key/i,
    "field-refused",
    ["validation"],
  ],
]

/** Exceptions that share their wordings. */
type Family = "access" | "throttle" | "validation" | "service"

interface CodeRow {
  readonly kind: FailureKind
  readonly status: number
  readonly family?: Family
}

/** Exception names without their `Exception` or `Error` ending, with the HTTP status that the service's model gives. */
const CODES: ReadonlyMap<string, CodeRow> = new Map<string, CodeRow>([
  ["AccessDenied", { kind: "not-authorized", status: 403, family: "access" }],
  ["Unauthorized", { kind: "bearer-rejected", status: 401, family: "access" }],
  ["UnrecognizedClient", { kind: "bearer-rejected", status: 403, family: "access" }],
  ["ExpiredToken", { kind: "bearer-rejected", status: 403, family: "access" }],
  ["InvalidToken", { kind: "bearer-rejected", status: 403, family: "access" }],
  ["Conflict", { kind: "not-authorized", status: 409 }],
  ["InternalServer", { kind: "service-error", status: 500, family: "service" }],
  ["ServiceUnavailable", { kind: "service-error", status: 503, family: "service" }],
  ["ResourceNotFound", { kind: "unknown-operation", status: 404 }],
  ["UnknownOperation", { kind: "unknown-operation", status: 404 }],
  ["ServiceQuotaExceeded", { kind: "monthly-quota", status: 402, family: "throttle" }],
  ["Throttling", { kind: "throttled", status: 429, family: "throttle" }],
  ["TooManyRequests", { kind: "throttled", status: 429, family: "throttle" }],
  ["ContentLengthExceeded", { kind: "input-too-long", status: 400 }],
  ["InvalidStateEvent", { kind: "invalid-state", status: 400 }],
  ["Validation", { kind: "malformed-request", status: 400, family: "validation" }],
])

export function rowOfCode(code: string): CodeRow | undefined {
  return CODES.get(code.replace(/(?:Exception|Error)$/, ""))
}

export function rowOfStatus(status: number): CodeRow {
  if (status === 400 || status === 422) return { kind: "malformed-request", status, family: "validation" }
  if (status === 401) return { kind: "bearer-rejected", status, family: "access" }
  if (status === 402) return { kind: "monthly-quota", status, family: "throttle" }
  if (status === 403) return { kind: "not-authorized", status, family: "access" }
  if (status === 404 || status === 405 || status === 410) return { kind: "unknown-operation", status }
  if (status === 413) return { kind: "input-too-long", status }
  if (status === 429) return { kind: "throttled", status, family: "throttle" }
  if (status >= 500 || status === 408) return { kind: "service-error", status, family: "service" }
  if (status >= 400 && status !== 407) return { kind: "malformed-request", status, family: "validation" }
  return { kind: "network", status }
}

export function kindOfText(message: string, family: Family | undefined): FailureKind | undefined {
  if (family === undefined) return undefined
  return TEXTS.find(([pattern, , families]) => families.includes(family) && pattern.test(message))?.[1]
}
