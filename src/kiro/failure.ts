/** What Kiro said no with, as a value, and the tables that tell its kind. What to do about it is the gateway's. */

export const FAILURE_KINDS = [
  /** The access token was refused: one refresh, one repeat. */
  "bearer-rejected",
  /** The account is locked until a human contacts AWS. */
  "suspended",
  /** The account's token could not be renewed just now: nothing was asked, nobody is to blame. */
  "token-unavailable",
  /** A new token could not have been kept, so none was asked for: a person has to make room. */
  "disk-full",
  /** Profile missing, wrong or of another region. */
  "not-authorized",
  "feature-not-supported",
  "monthly-quota",
  "daily-quota",
  "overage-limit",
  "conversation-limit",
  /** Too many requests of this account. */
  "throttled",
  /** The model is busy: no account is to blame. */
  "capacity",
  "input-too-long",
  "invalid-model",
  "signature-invalid",
  "document-refused",
  "image-refused",
  /** A model request field that the model's schema does not take. */
  "field-refused",
  /** One of the tools that were sent, named as `tools.N`. */
  "tool-refused",
  /** The plan of the login that was used: another profile of it may be meant. */
  "subscription-refused",
  /** A proxy, firewall or portal in front of the service said no: nobody is to blame that we know. */
  "refused-on-the-way",
  /** Any other client fault: never repeated, shortened or rotated. */
  "malformed-request",
  /** An `invalidStateEvent`: the service can't go on with this answer, and would not the next time either. */
  "invalid-state",
  /** Wrong path or host: 404, UnknownOperationException. */
  "unknown-operation",
  /** 5xx. */
  "service-error",
  /** The host never heard us: DNS, connection, TLS. */
  "unreachable",
  /** A reset before or inside the answer, or something between here and Kiro that answered instead of it. */
  "network",
  /** Silence for longer than `request_timeout_ms`. */
  "timeout",
  /** A 200 answer without any content. */
  "empty-answer",
  /** The stream ended inside a message or inside a tool use. */
  "truncated",
  /** A checksum or length that can't be right. */
  "corrupt-stream",
] as const

export type FailureKind = (typeof FAILURE_KINDS)[number]

export interface KiroFailure {
  readonly kind: FailureKind
  /** HTTP status; 0 where there was none. */
  readonly status: number
  /** The exception's name, cut to its last part. */
  readonly code?: string
  readonly reason?: string
  /** The service's own words, as they came. */
  readonly message: string
  readonly retryAfterMs?: number
  readonly requestId?: string
}

/** The reasons the service names (an open set: an unknown one falls back to the exception's name and the status). */
const REASONS: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ["TEMPORARILY_SUSPENDED", "suspended"],
  ["FEATURE_NOT_SUPPORTED", "feature-not-supported"],
  // The company's own key, as the service's conflicts are about: no form of a request changes that.
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
  ["TOOL_SCHEMA_INVALID", "tool-refused"],
])

const REASON_FAMILIES: readonly (readonly [prefix: string, kind: FailureKind])[] = [
  ["IMAGE_", "image-refused"],
  ["DOCUMENT_", "document-refused"],
]

export function kindOfReason(reason: string): FailureKind | undefined {
  return REASONS.get(reason) ?? REASON_FAMILIES.find(([prefix]) => reason.startsWith(prefix))?.[1]
}

/** The official client looks for the reason anywhere in the body, under whatever status. */
export function kindOfReasonIn(words: string): FailureKind | undefined {
  return [...REASONS].find(([reason]) => words.includes(reason))?.[1]
}

/**
 * The one place where the service's words decide, for the answers that come without a reason, or with one that says
 * less. Each wording was seen (and is a test); it counts only under the exceptions named with it, the first that fits.
 */
const TEXTS: readonly (readonly [wording: RegExp, kind: FailureKind, families: readonly Family[]])[] = [
  // What is wrong with a part that is named, be it too large, is what the refusal is about.
  [/\btools(?:\.|\[)\d+\b|invalid schema for function|invalid 'tools':/i, "tool-refused", ["validation"]],
  [/\b(?:messages|history|currentMessage)\b\S*\b(?:documents?|pdf)\b/, "document-refused", ["validation"]],
  [/\b(?:messages|history|currentMessage)\b\S*\bimages?(?:_url)?\b/, "image-refused", ["validation"]],
  [
    /\b(?:messages|history)\b\S*\b(?:(?:redacted_)?thinking|reasoningContent)\b/,
    "signature-invalid",
    ["validation"],
  ],
  [/user id .*suspended|account (?:is|has been) suspended/i, "suspended", ["access"]],
  [/subscription does not support this application/i, "subscription-refused", ["access"]],
  [
    /(?:bearer|security) token|\binvalid token|token (?:provided )?(?:is |has )?expired|expired token/i,
    "bearer-rejected",
    ["access"],
  ],
  [/access to the model\b/i, "invalid-model", ["access"]],
  [/profile ?arn/i, "not-authorized", ["access", "validation"]],
  [/maximum request reached for this month/i, "monthly-quota", ["throttle"]],
  [/reached your overage limit/i, "overage-limit", ["throttle"]],
  [/high volume of traffic/i, "capacity", ["throttle"]],
  [/unexpectedly high load/i, "capacity", ["service"]],
  // Bedrock counts a throttle in tokens too; nothing is too long then.
  [/too many tokens\b.{0,20}\bplease wait/i, "throttled", ["throttle", "validation"]],
  // The service's own words, those of the platforms whose words it passes on, and what OpenCode takes for an overflow.
  [
    /input is too long|content length exceeds threshold|prompt (?:is )?too long|exceeds? the context window|(?:exceeds?|exceeded)(?: the)?(?: model'?s?)?(?: maximum)? context (?:limit|length)|context[_ ](?:length|window)[_ ]exceed(?:s|ed)|maximum context length is|length limit exceeded|too many total text bytes|too many (?:input )?tokens|input token count.{0,40}exceeds|reduce the length of the messages|request(?: entity)? too large|request_too_large|exceeds the available context size|max tokens allowed|maximum allowed input length|greater than the context length|input \(\d+ tokens\) is longer than|exceeds the limit of \d+|token limit exceeded|exceeded model token limit|context length is only \d+|maximum prompt length is \d+|too large for model with \d+|prompt has [\d,]+ tokens?, but/i,
    "input-too-long",
    ["validation", "throttle"],
  ],
  [/invalid model|model id/i, "invalid-model", ["validation"]],
  [
    /`?(?:signature|data)`? in `?(?:redacted_)?thinking`?|(?:thinking|reasoning)`? (?:blocks?|content).{0,60}(?:cannot|can't|must not) be modified|\breasoning ?content\b/i,
    "signature-invalid",
    ["validation"],
  ],
  [
    /too many documents|document content block|(?:could not|unable to|cannot) (?:process|read|parse) (?:the )?(?:document|pdf)|\bdocuments? (?:is|are|was|were) (?:not supported|invalid|too large|password)|pdf (?:specified )?(?:is|was|file) |\bpdf pages\b|document source|model (?:doesn't|does not) (?:support|accept|take) (?:the |any )?(?:documents?|pdfs?)\b/i,
    "document-refused",
    ["validation"],
  ],
  [
    /image exceeds|image was specified|image does not match|unsupported image|too many images|image dimensions|image content block|(?:could not|unable to|cannot) (?:process|read|decode) (?:the |provided )?image|model (?:doesn't|does not) (?:support|accept|take) (?:the |any )?images?\b/i,
    "image-refused",
    ["validation"],
  ],
  [
    /additional ?model ?request ?field|output_config|max_tokens|reasoning\.effort|thinking\.(?:type|display)|thinking\b.{0,30} not (?:supported|allowed|permitted)|(?:unknown|unsupported|unexpected|unrecognized|invalid) (?:key|field|parameter|property)s?\b.{0,20}\b(?:thinking|effort|reasoning)\b|\b(?:effort|reasoning)\b.{0,40} (?:not|n't) (?:supported|allowed|permitted|valid)|model (?:doesn't|does not) (?:support|accept|take) .{0,20}\b(?:thinking|effort|reasoning)\b|(?:unsupported|invalid) value: '(?:none|minimal|low|medium|high|xhigh|max)'|extraneous key|expected .?thinking\b.{0,40}\bbut found/i,
    "field-refused",
    ["validation"],
  ],
  // Last: of a model that lacks something, that was told above.
  [
    /\bmodel\b.{0,40}\bis (?:not|no longer) (?:available|supported|enabled|offered)\b/i,
    "invalid-model",
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
  ["ResourceNotFound", { kind: "unknown-operation", status: 404, family: "validation" }],
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
  if (status === 401) return { kind: "bearer-rejected", status, family: "access" }
  if (status === 402) return { kind: "monthly-quota", status, family: "throttle" }
  if (status === 403) return { kind: "not-authorized", status, family: "access" }
  if (status === 404 || status === 405 || status === 410) return { kind: "unknown-operation", status }
  if (status === 413) return { kind: "input-too-long", status }
  if (status === 429) return { kind: "throttled", status, family: "throttle" }
  if (status >= 500 || status === 408) return { kind: "service-error", status, family: "service" }
  // Nobody but a proxy asks for a login to itself.
  if (status === 407) return { kind: "refused-on-the-way", status }
  if (status >= 400) return { kind: "malformed-request", status, family: "validation" }
  return { kind: "network", status }
}

export function kindOfText(message: string, family: Family | undefined): FailureKind | undefined {
  if (family === undefined) return undefined
  return TEXTS.find(([pattern, , families]) => families.includes(family) && pattern.test(message))?.[1]
}
