import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type FailureKind, networkFailure, readKiroFailure, readStreamFailure } from "../../src/kiro/index.ts"

/** Each reason, under an exception and with words that by themselves mean another thing. */
const REASONS: readonly (readonly [reason: string, exception: string, kind: FailureKind])[] = [
  ["TEMPORARILY_SUSPENDED", "AccessDeniedException", "suspended"],
  ["FEATURE_NOT_SUPPORTED", "AccessDeniedException", "feature-not-supported"],
  ["INVALID_KMS_GRANT", "ValidationException", "not-authorized"],
  ["MODEL_TEMPORARILY_UNAVAILABLE", "InternalServerException", "capacity"],
  ["INSUFFICIENT_MODEL_CAPACITY", "ThrottlingException", "capacity"],
  ["CONVERSATION_LIMIT_EXCEEDED", "ServiceQuotaExceededException", "conversation-limit"],
  ["MONTHLY_REQUEST_COUNT", "ThrottlingException", "monthly-quota"],
  ["DAILY_REQUEST_COUNT", "ThrottlingException", "daily-quota"],
  ["OVERAGE_REQUEST_LIMIT_EXCEEDED", "ServiceQuotaExceededException", "overage-limit"],
  ["CONTENT_LENGTH_EXCEEDS_THRESHOLD", "ValidationException", "input-too-long"],
  ["PROMPT_TOO_LONG", "ValidationException", "input-too-long"],
  ["INVALID_MODEL_ID", "ValidationException", "invalid-model"],
  ["THINKING_SIGNATURE_INVALID", "ValidationException", "signature-invalid"],
  ["IMAGE_DIMENSIONS_EXCEEDED", "ValidationException", "image-refused"],
  ["DOCUMENT_COUNT_EXCEEDED", "ValidationException", "document-refused"],
]

/** Each exception with nothing beside it. */
const EXCEPTIONS: readonly (readonly [exception: string, kind: FailureKind, status: number])[] = [
  ["AccessDeniedException", "not-authorized", 403],
  ["UnauthorizedException", "bearer-rejected", 401],
  ["UnrecognizedClientException", "bearer-rejected", 403],
  ["ExpiredTokenException", "bearer-rejected", 403],
  ["InvalidTokenException", "bearer-rejected", 403],
  ["ConflictException", "not-authorized", 409],
  ["InternalServerException", "service-error", 500],
  ["InternalServerError", "service-error", 500],
  ["ServiceUnavailableException", "service-error", 503],
  ["ResourceNotFoundException", "unknown-operation", 404],
  ["UnknownOperationException", "unknown-operation", 404],
  ["ServiceQuotaExceededException", "monthly-quota", 402],
  ["ThrottlingException", "throttled", 429],
  ["TooManyRequestsException", "throttled", 429],
  ["ContentLengthExceededException", "input-too-long", 400],
  ["InvalidStateEvent", "invalid-state", 400],
  ["ValidationException", "malformed-request", 400],
]

/** Each wording under its exception, and whether the same words mean nothing under another. */
const WORDS: readonly (readonly [words: string, exception: string, kind: FailureKind])[] = [
  ["Your account has been suspended.", "AccessDeniedException", "suspended"],
  ["Your User ID temporarily is suspended.", "AccessDeniedException", "suspended"],
  ["The bearer token included in the request is invalid.", "AccessDeniedException", "bearer-rejected"],
  ["Invalid token", "AccessDeniedException", "bearer-rejected"],
  ["Token has expired", "AccessDeniedException", "bearer-rejected"],
  ["expired token", "AccessDeniedException", "bearer-rejected"],
  ["A profile ARN is required", "ValidationException", "not-authorized"],
  ["Invalid profileArn", "UnauthorizedException", "not-authorized"],
  ["The security token included in the request is expired", "AccessDeniedException", "bearer-rejected"],
  ["The access token provided is expired.", "AccessDeniedException", "bearer-rejected"],
  [
    "You don't have access to the model with the specified model ID.",
    "AccessDeniedException",
    "invalid-model",
  ],
  [
    "Could not resolve the foundation model from the provided model identifier.",
    "ResourceNotFoundException",
    "invalid-model",
  ],
  ["The model is not available on your current plan.", "ValidationException", "invalid-model"],
  ["Model glm-5 is not supported in this region.", "ValidationException", "invalid-model"],
  ["You've reached your overage limit.", "ServiceQuotaExceededException", "overage-limit"],
  ["Maximum Request reached for this month.", "ThrottlingException", "monthly-quota"],
  ["experiencing a high volume of traffic", "ThrottlingException", "capacity"],
  ["Encountered unexpectedly high load", "InternalServerException", "capacity"],
  ["Input is too long.", "ValidationException", "input-too-long"],
  ["Input is too long.", "ThrottlingException", "input-too-long"],
  ["Input content length exceeds threshold", "ValidationException", "input-too-long"],
  ["prompt is too long: 3 tokens > 2 maximum", "ValidationException", "input-too-long"],
  ["This model's maximum context length is 8 tokens", "ValidationException", "input-too-long"],
  ["Please reduce the length of the messages", "ValidationException", "input-too-long"],
  ["context_length_exceeded", "ValidationException", "input-too-long"],
  ["Invalid model", "ValidationException", "invalid-model"],
  ["Unknown model id", "ValidationException", "invalid-model"],
  ["Invalid `signature` in `thinking` block", "ValidationException", "signature-invalid"],
  ["A document content block is not allowed", "ValidationException", "document-refused"],
  ["Documents are not supported", "ValidationException", "document-refused"],
  ["An image content block is not allowed", "ValidationException", "image-refused"],
  ["image exceeds 5 MB maximum", "ValidationException", "image-refused"],
  ["too many images and so on", "ValidationException", "image-refused"],
  ["image dimensions are wrong", "ValidationException", "image-refused"],
  ["output_config: no", "ValidationException", "field-refused"],
  ["max_tokens: 99 > 64", "ValidationException", "field-refused"],
  ["reasoning.effort: no", "ValidationException", "field-refused"],
  ["thinking.type: no", "ValidationException", "field-refused"],
  ["extraneous key [speed] is not permitted", "ValidationException", "field-refused"],
]

/** Quoted from the service, or from the platforms whose words it passes on. */
const QUOTED: readonly (readonly [words: string, reason: string, kind: FailureKind])[] = [
  [
    "tools.3.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level",
    "REQUEST_BODY_INVALID",
    "tool-refused",
  ],
  [
    "tools.0.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12",
    "REQUEST_BODY_INVALID",
    "tool-refused",
  ],
  [
    "Invalid schema for function 'notion_post': array schema missing items.",
    "TOOL_SCHEMA_INVALID",
    "tool-refused",
  ],
  [
    "Invalid 'tools[3].function.name': string does not match pattern.",
    "REQUEST_BODY_INVALID",
    "tool-refused",
  ],
  [
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 200 instead.",
    "REQUEST_BODY_INVALID",
    "tool-refused",
  ],
  [
    "You have uploaded an unsupported image. Please make sure your image is valid.",
    "IMAGE_FORMAT_UNSUPPORTED",
    "image-refused",
  ],
  [
    "Too many documents attached (6). Maximum is 5 per conversation.",
    "DOCUMENT_COUNT_EXCEEDED",
    "document-refused",
  ],
  [
    "This model doesn't support the image content block that you provided. Remove the image.",
    "IMAGE_MODEL_NOT_SUPPORTED",
    "image-refused",
  ],
  ["messages.4.content.1.image.source.base64: Could not process image", "IMAGE_INVALID", "image-refused"],
  [
    "messages.2.content.0.document.source: Could not process document",
    "DOCUMENT_INVALID",
    "document-refused",
  ],
  [
    "messages.2.content.0.pdf.source.base64.data: The PDF specified was not valid.",
    "DOCUMENT_INVALID",
    "document-refused",
  ],
  ["Could not process PDF", "DOCUMENT_INVALID", "document-refused"],
  ["This model does not support documents", "DOCUMENT_MODEL_NOT_SUPPORTED", "document-refused"],
  ["This model does not support the image format image/webp", "IMAGE_FORMAT_UNSUPPORTED", "image-refused"],
  ["Unable to process provided image.", "IMAGE_INVALID", "image-refused"],
  [
    "The model returned the following errors: The provided image does not match the specified image format.",
    "IMAGE_MIME_MISMATCH",
    "image-refused",
  ],
  [
    "messages.0.content.1.source.bytes: The document source bytes could not be parsed as the specified format.",
    "DOCUMENT_INVALID",
    "document-refused",
  ],
  ["The PDF specified is password protected.", "DOCUMENT_PASSWORD_PROTECTED", "document-refused"],
  ["A maximum of 100 PDF pages may be provided.", "DOCUMENT_MAXIMUM_PAGES_EXCEEDED", "document-refused"],
  [
    "Invalid 'messages[3].content[1].image_url'. Expected a valid URL.",
    "REQUEST_BODY_INVALID",
    "image-refused",
  ],
  [
    "Value at 'conversationState.currentMessage.userInputMessage.images.1.member.source.bytes' failed to satisfy constraint",
    "REQUEST_BODY_INVALID",
    "image-refused",
  ],
  [
    "Value at 'conversationState.history.3.member.userInputMessage.documents.1.member.name' failed to satisfy constraint",
    "REQUEST_BODY_INVALID",
    "document-refused",
  ],
  // A part that is named is what is too large, not the input.
  [
    "messages.0.content.1.document.source: exceeds the limit of 4718592 bytes",
    "REQUEST_BODY_INVALID",
    "document-refused",
  ],
  [
    "messages.0.content.1.image.source.base64: exceeds the limit of 5242880 bytes",
    "REQUEST_BODY_INVALID",
    "image-refused",
  ],
  ["tools.2.custom.description: too many tokens", "TOOL_SCHEMA_INVALID", "tool-refused"],
  ["tools.2.custom.input_schema.properties.profileArn: no", "TOOL_SCHEMA_INVALID", "tool-refused"],
  [
    "tools.9.custom.input_schema: nesting exceeds the limit of 5 levels",
    "REQUEST_BODY_INVALID",
    "tool-refused",
  ],
  ["Failed to buffer the request body: length limit exceeded", "REQUEST_BODY_INVALID", "input-too-long"],
  ["Your input exceeds the context window of this model", "PROMPT_TOO_LONG", "input-too-long"],
  [
    "input length and `max_tokens` exceed context limit: 190000 + 64000 > 200000",
    "PROMPT_TOO_LONG",
    "input-too-long",
  ],
  ["too many total text bytes", "REQUEST_BODY_INVALID", "input-too-long"],
  [
    "messages.5.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified",
    "THINKING_SIGNATURE_INVALID",
    "signature-invalid",
  ],
  [
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, …",
    "REQUEST_BODY_INVALID",
    "field-refused",
  ],
  [
    "messages.1.content.0.thinking.signature: Field required",
    "THINKING_SIGNATURE_INVALID",
    "signature-invalid",
  ],
  [
    "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
    "THINKING_SIGNATURE_INVALID",
    "signature-invalid",
  ],
  [
    "This model doesn't support the reasoningContent.reasoningText.signature field. Remove it and try again.",
    "REQUEST_BODY_INVALID",
    "signature-invalid",
  ],
  [
    "User messages cannot contain reasoning content. Please remove the reasoning content and try again.",
    "REQUEST_BODY_INVALID",
    "signature-invalid",
  ],
  ["This model does not support the effort parameter.", "REQUEST_BODY_INVALID", "field-refused"],
  [
    "Unsupported value: 'xhigh' is not supported with this model. Supported values are: 'low' and 'high'.",
    "REQUEST_BODY_INVALID",
    "field-refused",
  ],
  ["Improperly formed request.", "REQUEST_BODY_INVALID", "malformed-request"],
]

describe("the failure table", () => {
  for (const [reason, exception, kind] of REASONS)
    it(`takes the reason ${reason} for ${kind} whatever the words`, () => {
      for (const document of [
        { reason, message: "No." },
        { Reason: reason, Message: "No." },
      ]) {
        const body = JSON.stringify(document)
        assert.equal(readStreamFailure({ name: exception, payload: body }).kind, kind)
        const headers = new Headers({ "x-amzn-errortype": exception })
        assert.equal(readKiroFailure({ status: 400, headers, body, now: NOW }).kind, kind)
      }
      const without = readStreamFailure({ name: exception, payload: JSON.stringify({ message: "No." }) })
      assert.notEqual(`${reason} ${without.kind}`, `${reason} ${kind}`)
    })

  for (const [exception, kind, status] of EXCEPTIONS)
    it(`takes ${exception} alone for ${kind}`, () => {
      const inStream = readStreamFailure({ name: exception, payload: "{}" })
      assert.deepEqual([inStream.kind, inStream.status], [kind, status])
      // Under a status that says another thing the name decides.
      const headers = new Headers({ "x-amzn-errortype": exception })
      assert.equal(readKiroFailure({ status: 418, headers, body: "{}", now: NOW }).kind, kind)
    })

  for (const [words, exception, kind] of WORDS)
    it(`takes "${words}" under ${exception} for ${kind}`, () => {
      const payload = JSON.stringify({ message: words })
      assert.equal(readStreamFailure({ name: exception, payload }).kind, kind)
      assert.equal(readStreamFailure({ name: "ConflictException", payload }).kind, "not-authorized")
    })

  for (const [words, reason, kind] of QUOTED) {
    it(`understands "${words.slice(0, 70)}" alone and with a reason`, () => {
      for (const document of [
        { message: words },
        { message: words, reason: null },
        { message: words, reason },
      ]) {
        const headers = new Headers({ "x-amzn-errortype": "ValidationException" })
        const read = (status: number, body: object, given = headers): FailureKind =>
          readKiroFailure({ status, headers: given, body: JSON.stringify(body), now: NOW }).kind
        assert.equal(read(400, document), kind)
        assert.equal(read(400, document, new Headers()), kind)
        assert.equal(read(400, { ...document, __type: "ValidationException" }, new Headers()), kind)
      }
    })
  }

  it("takes a reason that stands among the words for one, whatever the status", () => {
    for (const [reason, kind] of [
      ["MONTHLY_REQUEST_COUNT", "monthly-quota"],
      ["OVERAGE_REQUEST_LIMIT_EXCEEDED", "overage-limit"],
      ["INSUFFICIENT_MODEL_CAPACITY", "capacity"],
      ["MODEL_TEMPORARILY_UNAVAILABLE", "capacity"],
    ] as const)
      for (const status of [400, 402, 429, 500, 503]) {
        const body = JSON.stringify({ message: `Refused (${reason}).`, reason: null })
        assert.equal(readKiroFailure({ status, headers: new Headers(), body, now: NOW }).kind, kind, reason)
      }
  })

  it("takes what a reason is about for what is too large", () => {
    const message = "It exceeds the limit of 100."
    for (const [reason, kind] of [
      ["DOCUMENT_MAXIMUM_PAGES_EXCEEDED", "document-refused"],
      ["DOCUMENT_SIZE_EXCEEDED", "document-refused"],
      ["IMAGE_SIZE_EXCEEDED", "image-refused"],
      ["TOOL_SCHEMA_INVALID", "tool-refused"],
    ] as const) {
      const payload = JSON.stringify({ message, reason })
      assert.equal(readStreamFailure({ name: "ValidationException", payload }).kind, kind, reason)
    }
  })

  it("takes a 413 for an overflow, whatever it is called", () => {
    for (const exception of [
      "ValidationException",
      "PayloadTooLargeException",
      "AccessDeniedException",
      "",
    ]) {
      const headers = new Headers({ "x-amzn-errortype": exception })
      const body = JSON.stringify({ message: "No.", reason: "REQUEST_BODY_INVALID" })
      assert.equal(
        readKiroFailure({ status: 413, headers, body, now: NOW }).kind,
        "input-too-long",
        exception,
      )
    }
  })

  it("takes for an overflow all that OpenCode takes for one, so that none of it goes out as another refusal", () => {
    const overflows = [
      "prompt is too long",
      "request_too_large",
      "input is too long for requested model",
      "exceeds the context window",
      "exceeds the model's maximum context length of 8,192 tokens",
      "input token count (9) exceeds the maximum",
      "tokens in request more than max tokens allowed",
      "maximum prompt length is 131072",
      "reduce the length of the messages",
      "maximum context length is 8192 tokens",
      "exceeds the maximum allowed input length of 8,192 tokens",
      "input (9 tokens) is longer than the model's context length (8 tokens)",
      "exceeds the limit of 200000",
      "exceeds the available context size",
      "greater than the context length",
      "context window exceeds limit",
      "exceeded model token limit",
      "context_length_exceeded",
      "request entity too large",
      "context length is only 8192 tokens",
      "input length of 9 exceeds the context length",
      "prompt too long; exceeded max context length",
      "too large for model with 8192 maximum context length",
      "prompt has 9,000 tokens, but the configured context size is 8,192 tokens",
      "model_context_window_exceeded",
      "too many tokens",
      "token limit exceeded",
    ]
    for (const message of overflows) {
      const payload = JSON.stringify({ message: `Upstream said: ${message}.` })
      assert.equal(
        readStreamFailure({ name: "ValidationException", payload }).kind,
        "input-too-long",
        message,
      )
    }
  })

  it("shortens nothing for a throttle that Bedrock counts in tokens", () => {
    for (const when of ["", " per day"]) {
      const body = JSON.stringify({ message: `Too many tokens${when}, please wait before trying again.` })
      const headers = new Headers({ "x-amzn-errortype": "ThrottlingException" })
      for (const given of [headers, new Headers()])
        assert.equal(readKiroFailure({ status: 429, headers: given, body, now: NOW }).kind, "throttled")
      assert.equal(readStreamFailure({ name: "ThrottlingException", payload: body }).kind, "throttled")
    }
  })

  it("tells a plan that is not meant from a login that is not", () => {
    const body = JSON.stringify({ message: "Your subscription does not support this application. Ask." })
    const headers = new Headers({ "x-amzn-errortype": "AccessDeniedException" })
    assert.equal(readKiroFailure({ status: 403, headers, body, now: NOW }).kind, "subscription-refused")
  })
})

const NOW = Date.UTC(2026, 10, 24, 6)

describe("what is read beside the kind", () => {
  it("believes a wait up to a day, and nonsense not at all", () => {
    const wait = (headers: Record<string, string>, body = "{}"): number | undefined =>
      readKiroFailure({ status: 429, headers: new Headers(headers), body, now: NOW }).retryAfterMs
    const day = 24 * 3_600_000
    assert.equal(wait({ "retry-after": "3600" }), 3_600_000)
    assert.equal(wait({ "retry-after": "86401" }), day)
    assert.equal(wait({ "retry-after": "99999999999" }), day)
    assert.equal(wait({ "retry-after-ms": "99999999999999" }), day)
    assert.equal(wait({}, '{"retryAfter":1e300}'), day)
    for (const nonsense of ["9".repeat(400), "-5", "0", "soon", "1e9", "NaN", ""])
      assert.equal(wait({ "retry-after": nonsense }), undefined, nonsense)
    assert.equal(wait({ "retry-after-ms": "x", "retry-after": "2" }), 2000)
  })

  it("keeps the words of a gateway that wraps its error", () => {
    const wrapped = (error: unknown): string =>
      readKiroFailure({ status: 200, headers: new Headers(), body: JSON.stringify({ error }), now: NOW })
        .message
    assert.equal(wrapped({ message: "Blocked by policy 7", type: "policy" }), "Blocked by policy 7")
    assert.equal(wrapped("Blocked by policy 8"), "Blocked by policy 8")
    assert.equal(wrapped({}), "")
  })

  it("hears no runtime tell its programmer how to see more, nor ask him", () => {
    const heard = (bun: string): string => networkFailure(new Error(bun)).message
    assert.equal(
      heard(
        "The socket connection was closed unexpectedly. For more information, pass `verbose: true` in the second argument to fetch()",
      ),
      "The connection was closed unexpectedly.",
    )
    assert.equal(heard("Unable to connect. Is the computer able to access the url?"), "Unable to connect.")
    assert.equal(heard("Was there a typo in the url or port?"), "")
  })
})
