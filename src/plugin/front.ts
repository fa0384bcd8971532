import {
  type AnswerEnd,
  type ChatAnswer,
  type ChatCall,
  type ChatGateway,
  type ChatOutcome,
  createTurnstile,
  type Purpose,
  type Refusal,
  refusalOfError,
} from "../gateway/index.ts"
import { AGENT_HEADER, PARENT_HEADER, PURPOSE_HEADER } from "../host/index.ts"
import { decodePercent, parseJson, present } from "../json.ts"
import {
  apiCallError,
  type ChatChunk,
  type ChatRequest,
  createChunkEncoder,
  DONE,
  errorResponse,
  foldChunks,
  isRepeatedStatus,
  OVERFLOW_WORDS,
  readChatRequest,
  toldStatus,
  withoutWords,
} from "../openai/index.ts"
import type { Fetch, Runtime } from "../runtime.ts"

/** The session of a chat request, as OpenCode names it. */
const SESSION_HEADER = "x-session-id"

export interface FrontOptions {
  readonly gateway: ChatGateway
  readonly runtime: Runtime
  /** Chats come to `<baseUrl>/chat/completions`; every other URL passes through untouched. */
  readonly baseUrl: string
}

/**
 * The `fetch` of OpenCode 1's provider: Chat Completions over HTTP in, a chat of the gateway out, and its answer as
 * server-sent events or one document. Rejects only with the reason of the caller's signal.
 */
export function createFront(options: FrontOptions): Fetch {
  const { gateway, runtime, baseUrl } = options
  const chats = `${baseUrl.replace(/\/+$/, "")}/chat/completions`
  // A burst of requests is parsed one by one.
  const turnstile = createTurnstile(runtime.clock)
  return async (url, init) => {
    if (url !== chats) return runtime.fetch(url, init)
    await turnstile()
    const signal = init.signal ?? new AbortController().signal
    try {
      const request = await readRequest(init.body)
      const outcome = await gateway.chat({ request, signal, ...callOf(options, init, request) })
      return await respond(outcome, request, baseUrl)
    } catch (error) {
      signal.throwIfAborted()
      runtime.log.warn("a chat request was not answered", { error })
      return toResponse(refusalOfError(error))
    }
  }
}

async function readRequest(body: RequestInit["body"]): Promise<ChatRequest> {
  const text = typeof body === "string" ? body : await new Response(body ?? null).text()
  return readChatRequest(parseJson(text.replace(/^\uFEFF/, "")))
}

function callOf(
  { runtime }: FrontOptions,
  { headers: given }: RequestInit,
  request: ChatRequest,
): Pick<ChatCall, "sessionId" | "parentSessionId" | "purpose" | "agent"> {
  const headers = new Headers(given)
  const parentSessionId = headers.get(PARENT_HEADER) || undefined
  const agent = headers.get(AGENT_HEADER)
  const sessionId = headers.get(SESSION_HEADER) || runtime.randomUUID()
  const purpose = purposeOf(headers.get(PURPOSE_HEADER), request)
  return {
    sessionId,
    purpose,
    ...present({ parentSessionId, agent: agent === null ? undefined : decodePercent(agent) }),
  }
}

/** Our own chat hook says what a request is for; without it a title is known by its form (OpenCode 1.18). */
function purposeOf(stated: string | null, request: ChatRequest): Purpose {
  if (stated === "main" || stated === "title" || stated === "compaction") return stated
  return looksLikeTitle(request) ? "title" : "main"
}

const TITLE_REQUEST = "Generate a title for this conversation:"

function looksLikeTitle({ tools, messages }: ChatRequest): boolean {
  if (tools.length > 0) return false
  const first = messages.find(({ role }) => role === "user")
  const part = first?.content[0]
  return part?.type === "text" && part.text.startsWith(TITLE_REQUEST)
}

const STREAM_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" }

async function respond(outcome: ChatOutcome, request: ChatRequest, url: string): Promise<Response> {
  if (outcome.outcome === "refusal") return toResponse(outcome.refusal)
  const { answer } = outcome
  const toError = ({ refusal, afterwards }: FailedEnd): Error =>
    toStreamError(refusal, { isRetryable: afterwards === "repeat", url })
  if (request.stream) return new Response(answerBody(answer, toError), { headers: STREAM_HEADERS })
  // Not as arguments of a `push`: a whole answer may be one batch of more chunks than a call can have.
  const batches: (readonly ChatChunk[])[] = []
  for await (const batch of answer.batches) {
    if (batch.end?.outcome === "failed") return toResponse(batch.end.refusal)
    batches.push(batch.chunks)
  }
  return Response.json(foldChunks(answer.head, batches.flat()))
}

export type FailedEnd = Extract<AnswerEnd, { readonly outcome: "failed" }>

/** It keeps no state, and to make one for each answer would be a tenth of what its first word waits for here. */
const utf8 = new TextEncoder()

/** The committed answer as server-sent events. It reads from the gateway only when it is read itself. */
export function answerBody(
  { head, batches }: ChatAnswer,
  toError: (end: FailedEnd) => Error,
): ReadableStream<Uint8Array> {
  const encode = createChunkEncoder(head)
  const reader = batches[Symbol.asyncIterator]()
  let failure: Error | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (failure !== undefined) return controller.error(failure)
        const { value: batch } = await reader.next()
        if (batch === undefined) return controller.close()
        const { chunks, end } = batch
        const text = chunks.map(encode).join("") + (end?.outcome === "finished" ? DONE : "")
        if (text !== "") controller.enqueue(utf8.encode(text))
        if (end?.outcome === "finished") controller.close()
        if (end?.outcome !== "failed") return
        failure = toError(end)
        // A failure behind some chunks has to wait until they were read: an error would throw them away.
        if (text === "") controller.error(failure)
      },
      cancel: async () => void (await reader.return?.()),
    },
    { highWaterMark: 0 },
  )
}

/** The HTTP form. A fatal text can't be mistaken for one to repeat, nor any but the overflow for an overflow. */
export function toResponse(refusal: Refusal): Response {
  const { body, status, headers } = errorResponse({
    ...refusal,
    message: guarded(refusal),
    type: "kiro_error",
  })
  return new Response(body, { status, headers })
}

/** The form of a failure behind the commit point: the host's own error. It looks at nothing else than this. */
export function toStreamError(
  refusal: Refusal,
  { isRetryable, url }: { readonly isRetryable: boolean; readonly url: string },
): Error {
  const status = toldStatus(refusal.status, isRetryable)
  return apiCallError({
    message: guarded({ ...refusal, status }),
    statusCode: status,
    isRetryable,
    ...present({ retryAfterMs: refusal.retryAfterMs }),
    url,
  })
}

function guarded({ status, message, overflow }: Refusal): string {
  if (overflow === true) return message
  return isRepeatedStatus(status) ? withoutWords(message, OVERFLOW_WORDS) : harmless(message)
}

/**
 * How OpenCode 1.18 judges an error it gets, read from its release: a text or body that matches RETRYABLE is asked
 * again whatever its status, one with OVERFLOW_WORDS starts a compaction.
 */
const RETRYABLE: readonly RegExp[] = [
  /429|500|502|503|504|524/,
  /rate increased too quickly|rate limit|rate-limit|rate_limit|too many requests/,
  /overloaded|service unavailable|service_unavailable|service-unavailable/,
  /internal error|internal_error|internal server error|server error|server_error|server-error/,
  /provider returned error|provider_returned_error|provider-returned-error/,
  /terminated|fetch failed|failed to fetch|network[-_\s]error|upstream connect|connection error/,
  /connection refused|connection lost|socket connection was closed|socket hang up|reset before headers/,
  /getaddrinfo|enotfound|eai_again|econnrefused|econnreset|etimedout/,
  /^timeout$|\b(?:request|response|connection|network|stream|read) (?:timeout|timed out|time out)\b/,
  /try your request again|retry your request|resource exhausted|resource_exhausted/,
  /\btry again (?:later|in\b)|\b(?:currently|temporarily) at capacity\b/,
]

/** A text that the host takes for nothing but a text: what would be misread is broken up or left out. */
export function harmless(text: string): string {
  return withoutWords(withoutWords(text, RETRYABLE), OVERFLOW_WORDS)
}
