import type { ChatChunk, ChatHead, ChatUsage, FinishReason, ToolCallDelta } from "./chunk.ts"

export interface ToolCall {
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
  const complete = new Set(chunks.map(({ callEnd }) => callEnd?.id))
  const calls = foldToolCalls(chunks.flatMap(({ delta }) => delta.tool_calls ?? [])).filter(({ id }) =>
    complete.has(id),
  )
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
    ...(last?.usage !== undefined && { usage: last.usage }),
  }
}

function foldToolCalls(deltas: readonly ToolCallDelta[]): ToolCall[] {
  const byIndex = Map.groupBy(deltas, ({ index }) => index)
  return [...byIndex.values()].map((ofOneCall) => ({
    id: ofOneCall[0]?.id ?? "",
    type: "function",
    function: {
      name: ofOneCall[0]?.function.name ?? "",
      arguments: ofOneCall.map((delta) => delta.function.arguments).join(""),
    },
  }))
}
