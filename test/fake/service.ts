import type { FakeAccount, FakeKiro } from "../support/fake-kiro/index.ts"

/** Calls to the operations beside the chat, for tests of the fake itself. */

export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

export interface Call {
  readonly method?: string
  /** The host that is meant. */
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly form?: Readonly<Record<string, string>>
}

export async function call(fake: FakeKiro, path: string, options: Call = {}): Promise<Answer> {
  const hasBody = options.body !== undefined || options.form !== undefined
  const response = await fetch(`${fake.url}${path}`, {
    method: options.method ?? (hasBody ? "POST" : "GET"),
    headers: {
      ...(options.host && { "x-kiro-original-host": options.host }),
      ...(options.body !== undefined && { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(hasBody && { body: options.form ? new URLSearchParams(options.form) : JSON.stringify(options.body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

export const bearer = (account: FakeAccount): Record<string, string> => ({
  authorization: `Bearer ${account.accessToken}`,
})
