import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { networkFailure, readKiroFailure, readStreamFailure, type FailureKind } from "../../src/kiro/index.ts"
import { cpuTime } from "../support/clock.ts"

/** The bodies that were really seen: status, `x-amzn-errortype`, body, what it means. */
const SEEN: readonly (readonly [number, string, unknown, FailureKind])[] = [
  [400, "ValidationException", { message: "Improperly formed request.", reason: null }, "malformed-request"],
  [
    400,
    "ValidationException",
    { message: "Input is too long.", reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD" },
    "input-too-long",
  ],
  [400, "ValidationException", { message: "Input content length exceeds threshold" }, "input-too-long"],
  [
    400,
    "ValidationException",
    { message: "Bedrock error message: prompt is too long: 215000 tokens > 200000 maximum" },
    "input-too-long",
  ],
  [400, "ValidationException", { message: "…", reason: "PROMPT_TOO_LONG" }, "input-too-long"],
  [
    400,
    "ValidationException",
    {
      message: "Invalid model. Please select a different model to continue.",
      reason: "INVALID_MODEL_ID",
    },
    "invalid-model",
  ],
  [
    400,
    "ValidationException",
    { message: "Invalid tool use format.", reason: "REQUEST_BODY_INVALID" },
    "malformed-request",
  ],
  [
    400,
    "ValidationException",
    { message: "The request body is not valid JSON.", reason: "REQUEST_BODY_INVALID_JSON" },
    "malformed-request",
  ],
  [
    400,
    "ValidationException",
    {
      message: "Bedrock error message: messages.2: `tool_use` ids were found without `tool_result` blocks",
      reason: "TOOL_USE_RESULT_MISMATCH",
    },
    "malformed-request",
  ],
  [400, "ValidationException", { message: "…", reason: "TOOL_CONFIG_MISSING" }, "malformed-request"],
  [400, "ValidationException", { message: "…", reason: "TOOL_DUPLICATE" }, "malformed-request"],
  [
    400,
    "ValidationException",
    { message: "…image exceeds 5 MB maximum: 6291456 bytes > 5242880 bytes", reason: "IMAGE_SIZE_EXCEEDED" },
    "image-refused",
  ],
  [
    400,
    "ValidationException",
    {
      message:
        "image was specified using the image/png media type, but the image appears to be a image/webp image",
    },
    "image-refused",
  ],
  [400, "ValidationException", { message: "…", reason: "DOCUMENT_MODEL_NOT_SUPPORTED" }, "document-refused"],
  [
    400,
    "ValidationException",
    { message: "Invalid `signature` in `thinking` block", reason: "THINKING_SIGNATURE_INVALID" },
    "signature-invalid",
  ],
  [
    400,
    "ValidationException",
    { message: "Invalid `signature` in `thinking` block", reason: null },
    "signature-invalid",
  ],
  [
    400,
    "ValidationException",
    { message: "additionalModelRequestFields: output_config is not allowed" },
    "field-refused",
  ],
  [
    400,
    "ValidationException",
    {
      message: "Invalid additionalModelRequestFields: this model takes none",
      reason: "REQUEST_BODY_INVALID",
    },
    "field-refused",
  ],
  [
    400,
    "ValidationException",
    { message: "Malformed input request: #: extraneous key [max_tokens] is not permitted", reason: null },
    "field-refused",
  ],
  [400, "ValidationException", { message: "thinking is not supported by this model" }, "field-refused"],
  [400, "ValidationException", { message: "Unsupported field: thinking" }, "field-refused"],
  [400, "ValidationException", { message: "effort 'xhigh' is not supported by this model" }, "field-refused"],
  [
    402,
    "ServiceQuotaExceededException",
    { message: "You have reached the limit.", reason: "MONTHLY_REQUEST_COUNT" },
    "monthly-quota",
  ],
  [402, "ServiceQuotaExceededException", { message: "You have reached the limit." }, "monthly-quota"],
  [
    402,
    "ServiceQuotaExceededException",
    { message: "You've reached your overage limit.", reason: "OVERAGE_REQUEST_LIMIT_EXCEEDED" },
    "overage-limit",
  ],
  [
    402,
    "ServiceQuotaExceededException",
    { message: "…", reason: "CONVERSATION_LIMIT_EXCEEDED" },
    "conversation-limit",
  ],
  [
    403,
    "AccessDeniedException",
    { message: "The bearer token included in the request is invalid.", reason: null },
    "bearer-rejected",
  ],
  [403, "AccessDeniedException", { message: "Invalid token" }, "bearer-rejected"],
  [403, "AccessDeniedException", { message: "Token expired" }, "bearer-rejected"],
  [
    403,
    "AccessDeniedException",
    { message: "User is not authorized to make this call.", reason: null },
    "not-authorized",
  ],
  [
    403,
    "AccessDeniedException",
    { message: "User is not authorized to access this feature.", reason: "FEATURE_NOT_SUPPORTED" },
    "feature-not-supported",
  ],
  [
    403,
    "AccessDeniedException",
    {
      message: "Your User ID (d-0000000000.11112222-0000) temporarily is suspended. We detected unusual …",
      reason: "TEMPORARILY_SUSPENDED",
    },
    "suspended",
  ],
  [
    403,
    "AccessDeniedException",
    { message: "Your User ID is temporarily suspended. We've locked your account" },
    "suspended",
  ],
  [
    429,
    "ThrottlingException",
    { message: "Too many requests, please wait before trying again.", reason: null },
    "throttled",
  ],
  [429, "ThrottlingException", { message: "The request was throttled by the service" }, "throttled"],
  [429, "ThrottlingException", { message: "60-minute credit limit exceeded" }, "throttled"],
  [
    429,
    "ThrottlingException",
    {
      message: "The model you've selected is experiencing a high volume of traffic. Try changing the model.",
      reason: "INSUFFICIENT_MODEL_CAPACITY",
    },
    "capacity",
  ],
  [429, "ThrottlingException", { message: "…", reason: "DAILY_REQUEST_COUNT" }, "daily-quota"],
  [
    429,
    "",
    {
      __type: "ThrottlingException",
      message: "Maximum Request reached for this month.",
      reason: "MONTHLY_REQUEST_COUNT",
    },
    "monthly-quota",
  ],
  [
    400,
    "",
    { __type: "ThrottlingException", message: "Maximum Request reached for this month." },
    "monthly-quota",
  ],
  [
    500,
    "InternalServerException",
    { message: "Encountered unexpectedly high load when processing the request, please try again." },
    "capacity",
  ],
  [
    500,
    "InternalServerException",
    {
      message: "Encountered an unexpected error when processing the request, please try again.",
      reason: "MODEL_TEMPORARILY_UNAVAILABLE",
    },
    "capacity",
  ],
  [500, "InternalServerException", { message: "boom" }, "service-error"],
  [
    503,
    "",
    {
      __type: "ServiceUnavailableException",
      message: "The service is temporarily unavailable. Please try again later.",
    },
    "service-error",
  ],
  [400, "ValidationException", { message: "Invalid profileArn." }, "not-authorized"],
  [400, "ValidationException", { message: "profileArn is required for this request." }, "not-authorized"],
  [
    400,
    "",
    {
      __type: "com.amazon.aws.codewhisperer#AccessDeniedException",
      message: "The bearer token included in the request is invalid.",
    },
    "bearer-rejected",
  ],
  [404, "UnknownOperationException", {}, "unknown-operation"],
  [404, "ResourceNotFoundException", { message: "…" }, "unknown-operation"],
  [409, "ConflictException", { message: "…", reason: "CUSTOMER_KMS_KEY_DISABLED" }, "not-authorized"],
]

const NOW = Date.UTC(2026, 10, 24, 6)

describe("readKiroFailure", () => {
  for (const [status, errorType, body, kind] of SEEN) {
    it(`takes ${status} ${errorType} ${JSON.stringify(body).slice(0, 90)} for ${kind}`, () => {
      const failure = read(status, JSON.stringify(body), errorType)
      assert.equal(failure.kind, kind)
      assert.equal(failure.status, status)
    })
  }

  it("cuts the exception's name out of header, code and __type", () => {
    const long =
      "com.amazon.aws.codewhisperer#ThrottlingException:http://internal.amazon.com/coral/com.amazon.coral.service/"
    assert.equal(read(429, "{}", long).code, "ThrottlingException")
    assert.equal(read(429, JSON.stringify({ code: long })).code, "ThrottlingException")
    assert.equal(read(429, JSON.stringify({ __type: long })).code, "ThrottlingException")
  })

  it("keeps the service's words, reason and request id", () => {
    const failure = readKiroFailure({
      status: 402,
      headers: new Headers({
        "x-amzn-errortype": "ServiceQuotaExceededException",
        "x-amzn-requestid": "abc-1",
      }),
      body: `{"Message":"You have reached the limit.","reason":"SOMETHING_NEW"}`,
      now: NOW,
    })
    assert.deepEqual(failure, {
      kind: "monthly-quota",
      status: 402,
      code: "ServiceQuotaExceededException",
      reason: "SOMETHING_NEW",
      message: "You have reached the limit.",
      requestId: "abc-1",
    })
    const headers = new Headers({ "x-amz-request-id": "abc-2" })
    assert.equal(readKiroFailure({ status: 500, headers, body: "", now: NOW }).requestId, "abc-2")
  })

  it("reads an empty body by its status", () => {
    const kinds = [400, 401, 402, 403, 404, 405, 410, 408, 413, 429, 500, 502, 503, 504, 302, 407].map(
      (status) => read(status, "").kind,
    )
    assert.deepEqual(kinds, [
      "malformed-request",
      "bearer-rejected",
      "monthly-quota",
      "not-authorized",
      "unknown-operation",
      "unknown-operation",
      "unknown-operation",
      "service-error",
      "input-too-long",
      "throttled",
      "service-error",
      "service-error",
      "service-error",
      "service-error",
      "network",
      "refused-on-the-way",
    ])
  })

  it("takes a 401 for a word about the token, whichever access was denied", () => {
    const denied = (status: number) => read(status, '{"message":"no"}', "AccessDeniedException").kind
    assert.deepEqual([401, 403].map(denied), ["bearer-rejected", "not-authorized"])
    assert.equal(read(401, "{}", "ThrottlingException").kind, "throttled")
  })

  it("counts the page of something in between by its status, and blames no account for it", () => {
    const page = "<!DOCTYPE html><html><head><title>Access\n denied by proxy</title></head></html>"
    assert.deepEqual(read(403, page), {
      kind: "refused-on-the-way",
      status: 403,
      message: "403 Access denied by proxy",
      reason: "PAGE",
    })
    const nginx = "<html><head><title>413 Request Entity Too Large</title></head></html>"
    assert.deepEqual(
      [read(413, nginx).kind, read(413, nginx).message],
      ["input-too-long", "413 Request Entity Too Large"],
    )
    assert.equal(read(407, "<html></html>").kind, "refused-on-the-way")
    for (const wordless of ["<html></html>", "", "{}"])
      assert.equal(read(407, wordless).message, "407 Proxy Authentication Required")
    for (const wordless of ["<html></html>", "", "{}"])
      assert.deepEqual(
        [read(307, wordless).kind, read(307, wordless).message],
        ["network", "307 redirect to another address"],
      )
    const { kind, message } = read(407, '{"message":"Sign in to the proxy."}')
    assert.deepEqual([kind, message], ["refused-on-the-way", "Sign in to the proxy."])
    for (const status of [200, 302, 408, 500, 502, 503, 504]) assert.equal(read(status, page).kind, "network")
    assert.equal(read(404, page).kind, "unknown-operation")
    assert.equal(read(429, page).kind, "throttled")
    const headers = new Headers({ "content-type": "Text/HTML; charset=utf-8" })
    for (const status of [400, 403, 502])
      assert.equal(readKiroFailure({ status, headers, body: "Blocked", now: NOW }).reason, "PAGE")
    assert.equal(read(400, page).kind, "refused-on-the-way")
    const xml = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`
    for (const status of [401, 402, 403]) assert.equal(read(status, xml).kind, "refused-on-the-way")
    assert.equal(read(403, xml).message, "403 Access Denied")
  })

  it("takes a text of words that nobody knows for that of something in between, where an account would be blamed", () => {
    for (const [status, text, kind] of [
      [401, "Unauthorized", "bearer-rejected"],
      [402, "Payment Required", "refused-on-the-way"],
      [403, "RBAC: access denied", "refused-on-the-way"],
    ] as const)
      assert.deepEqual(read(status, `${text}\n`), {
        kind,
        status,
        message: `${status} ${text}`,
        reason: "PAGE",
      })
    // The service's own in whatever form: by its words, or by its header.
    assert.equal(read(403, "The bearer token included in the request is invalid.").kind, "bearer-rejected")
    assert.equal(read(403, "no", "AccessDeniedException").kind, "not-authorized")
    assert.equal(read(402, '{"message":"no"}').kind, "monthly-quota")
    assert.equal(read(429, "Too many requests").kind, "throttled")
  })

  it("survives bodies that are no JSON object", () => {
    assert.equal(read(500, "upstream fell over").message, "upstream fell over")
    for (const body of ["null", "[]", '"text"', "{", "12"])
      assert.equal(read(400, body).kind, "malformed-request")
  })

  it("judges a text of any length at once, by its beginning", async () => {
    const took = await cpuTime(() => {
      for (const piece of ["user id ", "messages.1x", "<title", "thinking blocks "])
        for (const status of [400, 403, 500]) read(status, piece.repeat(100_000))
    })
    assert.ok(took < 2_000, `${took} ms`)
    assert.equal(read(400, `Input is too long. ${"x".repeat(1_000_000)}`).kind, "input-too-long")
    const long = "x ".repeat(10_000)
    for (const text of [long, `<title>${long}</title>`])
      for (const status of [400, 403, 500]) assert.ok(read(status, text).message.length <= 1000)
  })

  it("reads a wait from header or body, in milliseconds", () => {
    const waits = (headers: Record<string, string>, body = "{}"): number | undefined =>
      readKiroFailure({ status: 429, headers: new Headers(headers), body, now: NOW }).retryAfterMs
    assert.equal(waits({ "retry-after": "7" }), 7000)
    assert.equal(waits({ "retry-after-ms": "1500", "retry-after": "7" }), 1500)
    assert.equal(
      waits({ date: "Tue, 24 Nov 2026 05:00:00 GMT", "retry-after": "Tue, 24 Nov 2026 05:00:30 GMT" }),
      30_000,
    )
    assert.equal(waits({ "retry-after": "Tue, 24 Nov 2026 06:00:30 GMT" }), 30_000)
    assert.equal(waits({ "retry-after": "Tue, 24 Nov 2026 05:59:59 GMT" }), undefined)
    assert.equal(waits({}, '{"retryAfterSeconds":3}'), 3000)
    assert.equal(waits({ "retry-after": "7" }, "<html><title>429 Slow down</title></html>"), 7000)
    assert.equal(waits({}, '{"retryAfterMs":1500}'), 1500)
    assert.equal(waits({ "retry-after": "0", "retry-after-ms": "-1" }, '{"retryAfter":3}'), 3000)
    for (const none of ["soon", "2026-11-24T06:00:30Z", "1e3"])
      assert.equal(waits({ "retry-after": none }), undefined, none)
    assert.equal(waits({}), undefined)
  })
})

describe("readStreamFailure", () => {
  it("compares the exception's name whatever its first letter", () => {
    for (const name of ["throttlingException", "ThrottlingException"]) {
      assert.deepEqual(readStreamFailure({ name, payload: '{"message":"Slow down"}' }), {
        kind: "throttled",
        status: 429,
        code: "ThrottlingException",
        message: "Slow down",
      })
    }
  })

  it("takes an overflow frame for overflow and an unknown exception for a failure of the service", () => {
    assert.equal(
      readStreamFailure({ name: "ContentLengthExceededException", payload: "{}" }).kind,
      "input-too-long",
    )
    assert.equal(readStreamFailure({ name: "somethingNewException", payload: "" }).kind, "service-error")
    assert.equal(
      readStreamFailure({ name: "InternalFailure", message: "it broke", payload: "" }).message,
      "it broke",
    )
    assert.equal(readStreamFailure({ name: "InternalFailure", payload: "it broke" }).message, "it broke")
  })
})

describe("networkFailure", () => {
  const coded = (code: string, message = "x"): Error => Object.assign(new Error(message), { code })

  it("tells a host that never heard us from a reset", () => {
    const unreachable = [
      "ENOTFOUND",
      "ECONNREFUSED",
      "UnsupportedProxyProtocol",
      "ERR_INVALID_URL",
      "ConnectionRefused",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "ETIMEDOUT",
    ]
    for (const code of unreachable) assert.equal(networkFailure(coded(code)).kind, "unreachable", code)
    for (const code of ["ECONNRESET", "ConnectionClosed", "UND_ERR_SOCKET"])
      assert.equal(networkFailure(coded(code)).kind, "network", code)
    assert.equal(networkFailure(new Error("getaddrinfo ENOTFOUND kiro.dev")).kind, "unreachable")
    // Its code is a number, and says nothing of a network.
    const timedOut = networkFailure(new DOMException("too late", "TimeoutError"))
    assert.deepEqual(timedOut, { kind: "network", status: 0, message: "too late" })
  })

  it("takes a proxy at its word that opens no tunnel, as either runtime tells it", () => {
    const bun = coded("ERR_PROXY_TUNNEL", "Proxy refused to open a tunnel: 407 Proxy Authentication Required")
    assert.deepEqual(networkFailure(bun), {
      kind: "refused-on-the-way",
      status: 407,
      message: "407 Proxy Authentication Required",
    })
    const cause = new Error("Proxy response (403) !== 200 when HTTP Tunneling")
    const { kind, status } = networkFailure(new TypeError("fetch failed", { cause }))
    assert.deepEqual([kind, status], ["refused-on-the-way", 403])
    const busy = coded("ERR_PROXY_TUNNEL", "Proxy refused to open a tunnel: 502 Bad Gateway")
    assert.equal(networkFailure(busy).kind, "unreachable")
  })

  it("finds the code of Node's fetch in its cause, also behind several addresses", () => {
    const cause = new AggregateError([coded("ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:9")])
    const failure = networkFailure(new TypeError("fetch failed", { cause }))
    assert.deepEqual(failure, {
      kind: "unreachable",
      status: 0,
      message: "connect ECONNREFUSED 127.0.0.1:9",
      reason: "ECONNREFUSED",
    })
  })

  it("takes anything thrown", () => {
    for (const thrown of [undefined, null, "text", 4, {}])
      assert.equal(networkFailure(thrown).kind, "network")
  })
})

function read(status: number, body: string, errorType = ""): ReturnType<typeof readKiroFailure> {
  const headers = new Headers(errorType === "" ? {} : { "x-amzn-errortype": errorType })
  return readKiroFailure({ status, headers, body, now: NOW })
}
