import { exceptionOf } from "./oidc-errors.ts"
import { send, type SendOptions } from "./send.ts"

/** The part of the SDK's request that we read: SSO OIDC has only JSON POSTs. */
interface SdkRequest {
  readonly protocol: string
  readonly hostname: string
  readonly path: string
  readonly body?: unknown
}

interface SdkResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

interface HandlerOptions {
  readonly abortSignal?: unknown
}

export interface FetchHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(request: SdkRequest, options?: HandlerOptions): Promise<{ response: SdkResponse }>
}

/**
 * A request handler for the SDK's client over `runtime.fetch`, so that proxies, certificate authorities and tests see
 * one fetch. It sends our own agent string and none of the SDK's headers.
 */
export function fetchHandler(options: SendOptions): FetchHandler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request, { abortSignal } = {}) {
      const answer = await send(options, {
        url: `${request.protocol}//${request.hostname}${request.path}`,
        body: textOf(request.body),
        signal: abortSignal instanceof AbortSignal ? abortSignal : undefined,
      })
      const body = new TextEncoder().encode(answer.body)
      const exception = exceptionOf(answer.body)
      if (exception === undefined)
        return { response: { statusCode: answer.status, headers: answer.headers, body } }
      const headers = { "x-amzn-errortype": exception, ...answer.headers }
      return { response: { statusCode: Math.max(answer.status, 400), headers, body } }
    },
  }
}

function textOf(body: unknown): string {
  if (typeof body === "string") return body
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : ""
}
