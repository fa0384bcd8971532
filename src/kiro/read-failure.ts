import { isObject, numberField, parseJson, stringField, type JsonObject } from "../json.ts"
import type { KiroFailure } from "./failure.ts"
import { kindOfFamily, kindOfReason, kindOfText, rowOfCode, rowOfStatus } from "./failure-table.ts"

const LONGEST_MESSAGE = 1_000

/**
 * What an HTTP answer other than a good event stream says: REST bodies (the exception's name in a header), RPC bodies
 * (`__type`), HTML pages of something in between, plain text, nothing at all. The reason decides first, then the
 * words, then the exception's name, then the status.
 */
export function readKiroFailure(answer: {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}): KiroFailure {
  const { status, headers, body } = answer
  if (isHtml(headers, body)) return htmlFailure(answer)
  const parsed = parseJson(body)
  const document = isObject(parsed) ? parsed : {}
  const message = messageOf(document) ?? (isObject(parsed) ? "" : body)
  const code = headers.get("x-amzn-errortype") ?? stringField(document, "code", "__type")
  const retryAfterMs = retryAfter(headers, document)
  const requestId = headers.get("x-amzn-requestid") ?? headers.get("x-amz-request-id")
  return {
    ...classify({ status, code, reason: stringField(document, "reason"), message }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(requestId !== null && { requestId }),
  }
}

/** An exception or error message inside a 200 stream: `name` is its `:exception-type` or `:error-code`. */
export function readStreamFailure(exception: {
  readonly name: string
  readonly message?: string
  readonly payload: string
}): KiroFailure {
  const parsed = parseJson(exception.payload)
  const document = isObject(parsed) ? parsed : {}
  const message = messageOf(document) ?? exception.message ?? (isObject(parsed) ? "" : exception.payload)
  const retryAfterMs = retryAfter(new Headers(), document)
  return {
    ...classify({ status: 0, code: exception.name, reason: stringField(document, "reason"), message }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

function classify(said: {
  readonly status: number
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly message: string
}): KiroFailure {
  const code = said.code === undefined ? undefined : exceptionName(said.code)
  // An exception nobody knows, inside a stream, has no status: the service failed somehow.
  const row = (code === undefined ? undefined : rowOfCode(code)) ?? rowOfStatus(said.status || 500)
  const { reason = "" } = said
  return {
    kind: kindOfReason(reason) ?? kindOfText(said.message, row.family) ?? kindOfFamily(reason) ?? row.kind,
    status: said.status || row.status,
    message: said.message.trim().slice(0, LONGEST_MESSAGE),
    ...(code !== undefined && { code }),
    ...(said.reason !== undefined && { reason: said.reason }),
  }
}

/** `com.amazon.aws.codewhisperer#ThrottlingException:http://internal…` → `ThrottlingException`. */
function exceptionName(code: string): string {
  const name = code.split(":")[0]?.split("#").at(-1)?.trim() ?? ""
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function messageOf(document: JsonObject): string | undefined {
  return stringField(document, "message", "Message", "errorMessage")
}

function isHtml(headers: Headers, body: string): boolean {
  return (headers.get("content-type") ?? "").includes("text/html") || /^\s*<(?:!doctype|html)/i.test(body)
}

/** Kiro never answers in HTML: a proxy, firewall, portal or load balancer spoke. A 4xx of it blames nobody. */
function htmlFailure({ status, body }: { readonly status: number; readonly body: string }): KiroFailure {
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? /<h1[^>]*>([^<]*)/i.exec(body)?.[1] ?? ""
  const { kind } = rowOfStatus(status)
  const byStatus = kind === "service-error" || kind === "throttled" || kind === "unknown-operation"
  return {
    kind: byStatus ? kind : "network",
    status,
    message: title.replaceAll(/\s+/g, " ").trim().slice(0, LONGEST_MESSAGE),
    reason: "HTML_PAGE",
  }
}

/** Neither modelled nor ever seen; honoured if it comes. A date counts from the answer's own `date` header. */
function retryAfter(headers: Headers, document: JsonObject): number | undefined {
  const milliseconds =
    Number.parseFloat(headers.get("retry-after-ms") ?? "") || numberField(document, "retryAfterMs")
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds
  const header = headers.get("retry-after") ?? ""
  const seconds = /^\s*[\d.]+\s*$/.test(header)
    ? Number.parseFloat(header)
    : numberField(document, "retryAfterSeconds", "retryAfter")
  if (seconds !== undefined && seconds > 0) return seconds * 1000
  const wait = Date.parse(header) - Date.parse(headers.get("date") ?? "")
  return wait > 0 ? wait : undefined
}
