export interface ErrorAnswer {
  readonly status: number
  /** What the host shows, word for word. */
  readonly message: string
  readonly code?: string
  readonly type?: string
  readonly retryAfterMs?: number
}

/** Status, headers and body of an error in the shape of Chat Completions. */
export function errorResponse({ status, message, code, type, retryAfterMs }: ErrorAnswer): {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
} {
  const error = { message, ...(type !== undefined && { type }), ...(code !== undefined && { code }) }
  return {
    status,
    headers: {
      "content-type": "application/json",
      ...(retryAfterMs !== undefined && { "retry-after-ms": String(Math.ceil(retryAfterMs)) }),
    },
    body: JSON.stringify({ error }),
  }
}
