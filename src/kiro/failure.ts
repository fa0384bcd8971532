/** What Kiro said no with, as a value. The reader and the wording live beside it; what to do about it does not. */

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
