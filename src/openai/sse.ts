import type { ChatChunk, ChatHead } from "./chunk.ts"

/** The line that ends a stream of chunks. */
export const DONE = "data: [DONE]\n\n"

/** Gives the function that writes one chunk as a server-sent event. What all chunks share is serialised once. */
export function createChunkEncoder({ id, created, model }: ChatHead): (chunk: ChatChunk) => string {
  const shared = JSON.stringify({ id, object: "chat.completion.chunk", created, model })
  const before = `data: ${shared.slice(0, -1)},"choices":[{"index":0,"delta":`
  return ({ delta, finishReason, usage }) => {
    const reason = finishReason === undefined ? "null" : JSON.stringify(finishReason)
    const counted = usage === undefined ? "" : `,"usage":${JSON.stringify(usage)}`
    return `${before}${JSON.stringify(delta)},"finish_reason":${reason}}]${counted}}\n\n`
  }
}
