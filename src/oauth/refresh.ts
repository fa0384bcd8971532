import { readBody } from "../read-body.ts"
import type { Clock, Runtime } from "../runtime.ts"
import { buildRefreshRequest, type RefreshRequest } from "./refresh-request.ts"
import { readRefreshResponse, type RefreshResult } from "./refresh-response.ts"
import type { RefreshGrant } from "./token-set.ts"

/** The longest that one refresh may take, in milliseconds, from the request to the last byte of the answer. */
export const REFRESH_DEADLINE_MS = 20_000
/** See `limit`. */
const SLICE_MS = 1000

/**
 * Sends the one POST that renews a login and judges its answer; it never throws. The promise settles in the same
 * turn of the event loop in which the answer's last byte was read: who awaits it can store the new pair before
 * anything else happens. It is never repeated here: a rotated refresh token must not be sent twice.
 */
export async function refreshTokens({
  runtime,
  grant,
  userAgent,
  endpointOverride,
  signal,
}: {
  readonly runtime: Runtime
  readonly grant: RefreshGrant
  readonly userAgent: string
  readonly endpointOverride?: string | undefined
  /** Aborting loses a pair that the service may just have rotated: for the end of the process only. */
  readonly signal?: AbortSignal
}): Promise<RefreshResult> {
  const request = buildRefreshRequest({ grant, userAgent, endpointOverride })
  if ("refused" in request) return { outcome: "refused", code: request.refused, message: request.message }
  const deadline = new AbortController()
  const disarm = limit(runtime.clock, () => deadline.abort())
  try {
    const signals = signal === undefined ? [deadline.signal] : [deadline.signal, signal]
    const answer = await post(runtime, request, AbortSignal.any(signals))
    return readRefreshResponse({ grant, ...answer, now: runtime.clock.now() })
  } catch (error) {
    if (deadline.signal.aborted)
      return { outcome: "failed", reason: "timeout", message: "the token service did not answer in time" }
    return { outcome: "failed", reason: "network", message: describeNetworkError(error) }
  } finally {
    disarm()
  }
}

/**
 * The deadline in slices. After a laptop's sleep every timer is due at once, before the answer that has long arrived is
 * read: one timer for the whole time would throw a rotated pair away.
 */
function limit(clock: Clock, expired: () => void): () => void {
  let left = REFRESH_DEADLINE_MS / SLICE_MS
  const slice = (): (() => void) =>
    clock.deadline(SLICE_MS, () => {
      left -= 1
      if (left <= 0) expired()
      else cancel = slice()
    })
  let cancel = slice()
  return () => cancel()
}

interface Answer {
  readonly status: number
  readonly errorType: string | undefined
  readonly body: string
}

async function post(runtime: Runtime, request: RefreshRequest, signal: AbortSignal): Promise<Answer> {
  const response = await runtime.fetch(request.url, {
    method: "POST",
    headers: request.headers,
    body: request.body,
    // A redirect would carry the refresh token to a host that nobody chose.
    redirect: "error",
    signal,
  })
  const body = await readBody(response)
  return { status: response.status, errorType: response.headers.get("x-amzn-errortype") ?? undefined, body }
}

function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return "the token service could not be reached"
  const cause = error.cause instanceof Error ? error.cause : error
  return `the token service could not be reached (${"code" in cause ? String(cause.code) : cause.name})`
}
