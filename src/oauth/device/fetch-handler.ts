import type { Runtime } from "../../runtime.ts"
import { routed } from "../hosts.ts"
import { exceptionOf } from "./oidc-errors.ts"

/** The longest one request of a sign-in may take. */
const REQUEST_LIMIT_MS = 30_000

/** The part of the SDK's request that we read. */
interface SdkRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface SdkResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

export interface FetchHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(
    request: SdkRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ response: SdkResponse }>
}

/**
 * A request handler for AWS SDK clients over `runtime.fetch`, so that proxies, certificate authorities and tests see
 * one fetch. It speaks under our own agent string, and turns an OAuth error at any status into the typed exception.
 */
export function fetchHandler(options: {
  readonly runtime: Runtime
  readonly userAgent: string
  readonly endpointOverride?: string | undefined
}): FetchHandler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, { abortSignal } = {}) {
      const port = request.port === undefined ? "" : `:${request.port}`
      const real = `${request.protocol}//${request.hostname}${port}${request.path}`
      const { url, headers } = routed(real, options.endpointOverride)
      const limit = AbortSignal.timeout(REQUEST_LIMIT_MS)
      const response = await options.runtime.fetch(url, {
        method: request.method,
        headers: {
          "content-type": request.headers["content-type"] ?? "application/json",
          "user-agent": options.userAgent,
          ...headers,
        },
        body: typeof request.body === "string" ? request.body : null,
        signal: abortSignal instanceof AbortSignal ? AbortSignal.any([abortSignal, limit]) : limit,
      })
      return { response: await sdkResponse(response) }
    },
  }
}

async function sdkResponse(response: Response): Promise<SdkResponse> {
  const body = new Uint8Array(await response.arrayBuffer())
  const headers = Object.fromEntries(response.headers)
  const exception = exceptionOf(new TextDecoder().decode(body))
  if (exception === undefined) return { statusCode: response.status, headers, body }
  return {
    statusCode: Math.max(response.status, 400),
    headers: { ...headers, "x-amzn-errortype": headers["x-amzn-errortype"] ?? exception },
    body,
  }
}
