import {
  asObject,
  capitalised,
  causesOf,
  isObject,
  type JsonObject,
  numberField,
  parseJson,
  present,
  stringField,
  wordsOfFault,
  wordsOfPage,
} from "../json.ts"
import {
  type KiroFailure,
  kindOfReason,
  kindOfReasonIn,
  kindOfText,
  rowOfCode,
  rowOfStatus,
} from "./failure.ts"

const LONGEST_MESSAGE = 1_000
/** The words of a longer text are looked for in its beginning: some patterns go over it once for each match they begin. */
const MOST_JUDGED = 10_000
/** A wait that somebody else names is believed up to a day. */
const LONGEST_WAIT_MS = 24 * 3_600_000

/**
 * What an HTTP answer other than a good event stream says: REST bodies (the exception's name in a header), RPC bodies
 * (`__type`), pages of something in between, plain text, nothing at all. The reason decides first, then the
 * words, then the exception's name, then the status.
 */
export function readKiroFailure(answer: {
  readonly status: number
  readonly headers: Headers
  readonly body: string
  /** When it came, in epoch ms: a date to wait for counts from here where the answer has none of its own. */
  readonly now: number
}): KiroFailure {
  const { status, headers, body, now } = answer
  const parsed = parseJson(body)
  const document = asObject(parsed)
  const message = statedMessage(document) ?? (isObject(parsed) ? "" : body)
  const retryAfterMs = waitOf(document, { headers, now })
  if (isPage(headers, body) || (message === "" && isOfTheWay(status)))
    return { ...pageFailure(answer), ...present({ retryAfterMs }) }
  const code = headers.get("x-amzn-errortype") ?? stringField(document, "code", "__type")
  const requestId = headers.get("x-amzn-requestid") ?? headers.get("x-amz-request-id") ?? undefined
  const failure = classify({ status, code, reason: statedReason(document), message })
  const isText = parsed === undefined && code === undefined && failure.message !== ""
  return { ...(isText ? judgeText(failure) : failure), ...present({ retryAfterMs, requestId }) }
}

/** An exception or error message inside a 200 stream: `name` is its `:exception-type` or `:error-code`. */
export function readStreamFailure(exception: {
  readonly name: string
  readonly message?: string
  readonly payload: string
}): KiroFailure {
  const parsed = parseJson(exception.payload)
  const document = asObject(parsed)
  const message = statedMessage(document) ?? exception.message ?? (isObject(parsed) ? "" : exception.payload)
  const retryAfterMs = waitOf(document)
  return {
    ...classify({ status: 0, code: exception.name, reason: statedReason(document), message }),
    ...present({ retryAfterMs }),
  }
}

/** What `fetch`, or reading a body, threw. An abort of the caller is no failure: ask the signal first. */
export function networkFailure(error: unknown): KiroFailure {
  const code = causesOf(error)
    .map(codeOf)
    .findLast((found) => found !== undefined)
  const message = wordsOfFault(error)
  const [, said, status = said?.slice(0, 3)] = NO_TUNNEL.exec(message) ?? []
  if (status !== undefined)
    return { kind: "refused-on-the-way", status: Number(status), message: said ?? `${status} of the proxy` }
  return {
    kind: NEVER_HEARD.test(code ?? message) || code === "ETIMEDOUT" ? "unreachable" : "network",
    status: 0,
    message,
    ...present({ reason: code }),
  }
}

/** A proxy that wants a password, or lets nobody through to the service, as Bun and undici tell it: no time changes that. */
const NO_TUNNEL =
  /^Proxy (?:refused to open a tunnel: (4\d\d .+)|response \((4\d\d)\) !== 200 when HTTP Tunneling)/

/** Codes of Node, undici and Bun for a host that never heard us: DNS, connection, TLS. */
const NEVER_HEARD =
  /ENOTFOUND|EAI_|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|CONNECT_TIMEOUT|REFUSED|FailedToOpenSocket|DNS|CERT|SELF_SIGNED|UNABLE_TO_VERIFY|TLS|SSL|EPROTO|PROXY|INVALID_URL/i

function codeOf(link: unknown): string | undefined {
  const { code } = asObject(link)
  return typeof code === "string" ? code : undefined
}

function classify(said: {
  readonly status: number
  readonly code: string | undefined
  readonly reason: string | undefined
  readonly message: string
}): KiroFailure {
  const code = said.code === undefined ? undefined : exceptionName(said.code)
  const named = code === undefined ? undefined : rowOfCode(code)
  // A 401 is about the token, whichever access was denied, and a 413 about the size, whatever it is called. An exception
  // nobody knows, inside a stream, has no status: the service failed somehow.
  const isOfStatus = said.status === 413 || (named?.family === "access" && said.status === 401)
  const row = named === undefined || isOfStatus ? rowOfStatus(said.status || 500) : named
  const { reason = "" } = said
  const words = said.message.slice(0, MOST_JUDGED)
  return {
    kind: kindOfReason(reason) ?? kindOfText(words, row.family) ?? kindOfReasonIn(words) ?? row.kind,
    status: said.status || row.status,
    message: said.message.trim().slice(0, LONGEST_MESSAGE),
    ...present({ code, reason: said.reason }),
  }
}

/** `com.amazon.aws.codewhisperer#ThrottlingException:http://internal…` → `ThrottlingException`. */
function exceptionName(code: string): string {
  return capitalised(code.split(":")[0]?.split("#").at(-1)?.trim() ?? "")
}

/** The service's own names, and the `{"error": {"message"}}` of gateways in front of it. */
function statedMessage(document: JsonObject): string | undefined {
  const nested = stringField(asObject(document["error"]), "message")
  return (
    stringField(document, "message", "Message", "errorMessage") ?? nested ?? stringField(document, "error")
  )
}

function statedReason(document: JsonObject): string | undefined {
  return stringField(document, "reason", "Reason")
}

function isPage(headers: Headers, body: string): boolean {
  return /text\/html/i.test(headers.get("content-type") ?? "") || /^\s*<[!?a-z]/i.test(body)
}

/** Nobody but a proxy asks for a login to itself, nobody but a portal sends elsewhere. */
function isOfTheWay(status: number): boolean {
  return status === 407 || (status >= 300 && status < 400)
}

/** Kiro never answers in markup: a proxy, firewall, portal or load balancer spoke, and its status is what counts. */
function pageFailure({ status, body }: { readonly status: number; readonly body: string }): KiroFailure {
  return {
    kind: kindOfPage(status),
    status,
    message: wordsOfPage(status, body).slice(0, LONGEST_MESSAGE),
    reason: "PAGE",
  }
}

/** What would be held against an account, or end its login. */
const BLAMING: ReadonlySet<number> = new Set([401, 402, 403])

/**
 * Kiro answers in documents: a text of words that nobody knows is no page, but somebody's in between all the same. A
 * 401 may still mean the token.
 */
function judgeText(failure: KiroFailure): KiroFailure {
  const { status, kind, message } = failure
  if (!BLAMING.has(status) || kind !== rowOfStatus(status).kind) return failure
  const words = `${status} ${message}`.slice(0, LONGEST_MESSAGE)
  return { ...failure, kind: status === 401 ? kind : kindOfPage(status), message: words, reason: "PAGE" }
}

function kindOfPage(status: number): KiroFailure["kind"] {
  if (status === 413) return "input-too-long"
  // The other host may have nothing in front of it.
  if (status === 404) return "unknown-operation"
  if (status === 429) return "throttled"
  return status >= 400 && status < 500 && status !== 408 ? "refused-on-the-way" : "network"
}

/** Neither modelled nor ever seen; honoured if it comes. */
function waitOf(
  document: JsonObject,
  answer?: { readonly headers: Headers; readonly now: number },
): number | undefined {
  const waits = [
    ...(answer === undefined ? [] : waitsInHeaders(answer.headers, answer.now)),
    numberField(document, "retryAfterMs"),
    seconds(numberField(document, "retryAfterSeconds", "retryAfter")),
  ]
  const wait = waits.find((ms) => ms !== undefined && Number.isFinite(ms) && ms > 0)
  return wait === undefined ? undefined : Math.min(wait, LONGEST_WAIT_MS)
}

/** A date counts from the answer's own `date`, which is by the same clock. */
function waitsInHeaders(headers: Headers, now: number): readonly (number | undefined)[] {
  const header = headers.get("retry-after")
  return [
    numberIn(headers.get("retry-after-ms")),
    seconds(numberIn(header)),
    dateIn(header) - (dateIn(headers.get("date")) || now),
  ]
}

/** NaN for what is no date of HTTP (RFC 9110 §5.6.7). */
function dateIn(header: string | null): number {
  return /^\s*[a-z]{3,9},? /i.test(header ?? "") ? Date.parse(header ?? "") : NaN
}

function numberIn(header: string | null): number | undefined {
  return header !== null && /^\s*\d+(?:\.\d+)?\s*$/.test(header) ? Number.parseFloat(header) : undefined
}

function seconds(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value * 1000
}
