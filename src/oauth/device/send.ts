import { readBody } from "../../read-body.ts"
import type { Runtime } from "../../runtime.ts"
import { routed } from "../hosts.ts"

/** The longest one request of a sign-in may take, in milliseconds, up to the last byte of its answer. */
const REQUEST_LIMIT_MS = 30_000

export interface SendOptions {
  readonly runtime: Runtime
  readonly userAgent: string
  readonly endpointOverride?: string | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One JSON POST of a sign-in. Rejects where there is no answer, or with the signal's reason. */
export async function send(
  { runtime, userAgent, endpointOverride }: SendOptions,
  request: { readonly url: string; readonly body: string; readonly signal: AbortSignal | undefined },
): Promise<Answer> {
  const { url, headers } = routed(request.url, endpointOverride)
  const limit = new AbortController()
  const cancel = runtime.clock.deadline(REQUEST_LIMIT_MS, () => limit.abort(new Error("no answer in time")))
  try {
    const response = await runtime.fetch(url, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", "user-agent": userAgent },
      body: request.body,
      // A redirect would carry a client secret to a host that nobody chose.
      redirect: "error",
      signal: request.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, request.signal]),
    })
    const body = await readBody(response)
    return { status: response.status, headers: Object.fromEntries(response.headers), body }
  } finally {
    cancel()
  }
}
