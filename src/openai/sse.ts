import type { ChatChunk, ChatDelta, ChatHead } from "./chunk.ts"

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
