/** A streamed chat completion, in the wire names of Chat Completions. */

export type FinishReason = "stop" | "tool_calls" | "length" | "content_filter"

export interface ChatUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  /** `cached_tokens` were read from the service's cache; the other were written to it, where the service tells. */
  readonly prompt_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens?: number }
  readonly completion_tokens_details: { readonly reasoning_tokens: number }
}

/** The first delta of an index has the id and the name; the arguments of all its deltas make one JSON text. */
export interface ToolCallDelta {
  readonly index: number
  readonly id?: string
  readonly type?: "function"
  readonly function: { readonly name?: string; readonly arguments: string }
}

export interface ChatDelta {
  readonly role?: "assistant"
  readonly content?: string
  readonly reasoning_content?: string
  readonly tool_calls?: readonly ToolCallDelta[]
}

/** What makes a block of reasoning genuine: the signature of its text, or the block as the service hid it (base64). */
export interface ReasoningProof {
  readonly signature?: string
  readonly redacted?: string
}

/** What one chunk adds. What all chunks of an answer share is its `ChatHead`. */
export interface ChatChunk {
  readonly delta: ChatDelta
  /** The arguments of this call are whole with this chunk. Chat Completions has no word for it: nobody writes it. */
  readonly callEnd?: { readonly index: number; readonly id: string }
  /** The reasoning since the last such end is one block with this proof; a hidden block has no text. Not written. */
  readonly reasoningEnd?: ReasoningProof
  /** Only the last chunk of an answer has these two. */
  readonly finishReason?: FinishReason
  readonly usage?: ChatUsage
}

/** `created` is in epoch seconds. */
export interface ChatHead {
  readonly id: string
  readonly created: number
  readonly model: string
}
