import { present } from "../json.ts"

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
  /** Of the model that gave it, as on the wire: any other refuses it. */
  readonly modelId?: string
}

/** What one chunk adds. What all chunks of an answer share is its `ChatHead`. */
export interface ChatChunk {
  readonly delta: ChatDelta
  /** The call of this index is whole with this chunk. Chat Completions has no word for it: nobody writes it. */
  readonly callEnd?: number
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

interface ToolCall {
  readonly id: string
  readonly type: "function"
  readonly function: { readonly name: string; readonly arguments: string }
}

/** The whole answer in one document, as asked for with `stream: false`. */
export interface ChatCompletion extends ChatHead {
  readonly object: "chat.completion"
  readonly choices: readonly [
    {
      readonly index: 0
      readonly message: {
        readonly role: "assistant"
        readonly content: string
        readonly reasoning_content?: string
        readonly tool_calls?: readonly ToolCall[]
      }
      readonly finish_reason: FinishReason
    },
  ]
  readonly usage?: ChatUsage
}

/** Folds the chunks of an answer that ended into one completion; calls that were never completed are left out. */
export function foldChunks(head: ChatHead, chunks: readonly ChatChunk[]): ChatCompletion {
  const reasoning = chunks.map(({ delta }) => delta.reasoning_content ?? "").join("")
  const calls = foldToolCalls(chunks)
  const last = chunks.at(-1)
  return {
    ...head,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: chunks.map(({ delta }) => delta.content ?? "").join(""),
          ...(reasoning !== "" && { reasoning_content: reasoning }),
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        finish_reason: last?.finishReason ?? "stop",
      },
    ],
    ...present({ usage: last?.usage }),
  }
}

function foldToolCalls(chunks: readonly ChatChunk[]): ToolCall[] {
  const complete = new Set(chunks.map(({ callEnd }) => callEnd))
  const deltas = chunks
    .flatMap(({ delta }) => delta.tool_calls ?? [])
    .filter(({ index }) => complete.has(index))
  return [...Map.groupBy(deltas, ({ index }) => index).values()].map((ofOneCall) => ({
    id: ofOneCall[0]?.id ?? "",
    type: "function",
    function: {
      name: ofOneCall[0]?.function.name ?? "",
      arguments: ofOneCall.map((delta) => delta.function.arguments).join(""),
    },
  }))
}

/** The line that ends a stream of chunks. */
export const DONE = "data: [DONE]\n\n"

/** Gives the function that writes one chunk as a server-sent event. What all chunks share is serialised once. */
export function createChunkEncoder({ id, created, model }: ChatHead): (chunk: ChatChunk) => string {
  const shared = JSON.stringify({ id, object: "chat.completion.chunk", created, model })
  const before = `data: ${shared.slice(0, -1)},"choices":[{"index":0,"delta":`
  return ({ delta, finishReason, usage }) => {
    const reason = finishReason === undefined ? "null" : JSON.stringify(finishReason)
    const counted = usage === undefined ? "" : `,"usage":${JSON.stringify(usage)}`
    return `${before}${deltaJson(delta)},"finish_reason":${reason}}]${counted}}\n\n`
  }
}

/** JSON.stringify, by hand for a mere piece of arguments: a large call has thousands of them. */
function deltaJson(delta: ChatDelta): string {
  const calls = delta.tool_calls
  const call = calls?.length === 1 ? calls[0] : undefined
  if (call === undefined || call.id !== undefined) return JSON.stringify(delta)
  const piece = JSON.stringify(call.function.arguments)
  return `{"tool_calls":[{"index":${call.index},"function":{"arguments":${piece}}}]}`
}
