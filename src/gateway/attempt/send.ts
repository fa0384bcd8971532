import { type KiroFailure, type KiroHttpRequest, networkFailure, readKiroFailure } from "../../kiro/index.ts"
import { readBody, type Runtime } from "../../runtime.ts"

export type SendOutcome =
  /** A good answer's headers have come; `cancel` closes its connection. */
  | { readonly outcome: "response"; readonly response: Response; readonly cancel: () => void }
  | { readonly outcome: "failed"; readonly failure: KiroFailure }

/** Bun ends a fetch after five quiet minutes unless told otherwise; other runtimes ignore the field. */
const NO_TIMEOUT_OF_ITS_OWN: object = { timeout: false }

/**
 * One HTTP request. Anything but an event stream is a failure, read to its end; so are a fault of the network and a
 * silence of `silenceMs`. Rejects only with the reason of the caller's signal.
 */
export async function send(wanted: {
  readonly runtime: Runtime
  readonly request: KiroHttpRequest
  readonly signal: AbortSignal
  readonly silenceMs: number
}): Promise<SendOutcome> {
  const { runtime, request, signal, silenceMs } = wanted
  signal.throwIfAborted()
  const connection = new AbortController()
  const abort = (): void => connection.abort(signal.reason)
  signal.addEventListener("abort", abort, { once: true })
  const disarm = runtime.clock.deadline(silenceMs, () => connection.abort(silence(silenceMs)))
  try {
    const { url, ...init } = request
    const response = await runtime.fetch(url, {
      ...init,
      ...NO_TIMEOUT_OF_ITS_OWN,
      // A redirect would carry the conversation to wherever something in between points.
      redirect: "manual",
      signal: connection.signal,
    })
    if (isEventStream(response)) return { outcome: "response", response, cancel: () => connection.abort() }
    return { outcome: "failed", failure: await readRefusal(response, connection.signal, runtime) }
  } catch (error) {
    signal.throwIfAborted()
    return {
      outcome: "failed",
      failure: connection.signal.aborted ? silence(silenceMs) : networkFailure(error),
    }
  } finally {
    disarm()
    signal.removeEventListener("abort", abort)
  }
}

/** A 200 in JSON or HTML is not Kiro's answer to a chat; one without a type gets the benefit of the doubt. */
function isEventStream({ ok, headers }: Response): boolean {
  return ok && !/json|html|text\/plain/i.test(headers.get("content-type") ?? "")
}

/** Rejects where the connection breaks: a status without its reason would cool an account for a fault of the network. */
async function readRefusal(
  response: Response,
  signal: AbortSignal,
  { clock }: Runtime,
): Promise<KiroFailure> {
  const { status, headers } = response
  return readKiroFailure({ status, headers, body: await readBody(response, signal), now: clock.now() })
}

function silence(ms: number): KiroFailure {
  return { kind: "timeout", status: 0, message: `No answer began within ${Math.round(ms / 1000)} seconds.` }
}
