/** What the fake answers with, as values: the script makes them, `deliver` writes them to the socket. */

export type Reply = StreamReply | DocumentReply | { readonly kind: "reset" } | { readonly kind: "silence" }

export interface StreamReply {
  readonly kind: "stream"
  readonly steps: readonly Step[]
}

/** Any whole answer: JSON as a rule, a text where a test wants an HTML page or nothing. */
export interface DocumentReply {
  readonly kind: "document"
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Step =
  | { readonly do: "send"; readonly bytes: Uint8Array; readonly signs?: SignedReasoning }
  | { readonly do: "pause"; readonly ms: number }
  | { readonly do: "wait"; readonly for: Promise<unknown> }
  /** From here on the bytes leave in pieces of `size`. */
  | { readonly do: "cut"; readonly size: number }
  | { readonly do: "reset" }
  | { readonly do: "silence" }

/** Reasoning that the service will know again when it comes back in the history. */
export type SignedReasoning =
  | { readonly signature: string; readonly text: string }
  | { readonly redactedContent: string }

export function json(
  body: unknown,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): DocumentReply {
  return {
    kind: "document",
    status: options.status ?? 200,
    headers: { "content-type": "application/json", ...options.headers },
    body: JSON.stringify(body),
  }
}

/** The connection is reset before any header was sent. */
export const resetBeforeHeaders: Reply = { kind: "reset" }

/** The request is taken and never answered. */
export const neverAnswers: Reply = { kind: "silence" }
