import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Prompt,
  LanguageModelV3StreamPart,
} from "@ai-sdk/provider"
import type { ChatChunk } from "../../src/openai/index.ts"
import type { AnswerBatch, ChatCall, ChatGateway } from "../../src/gateway/index.ts"

const HEAD = { id: "chatcmpl-1", created: 1_700_000_000, model: "auto" }

/** A gateway whose answer is these chunks. */
export function answering(
  chunks: readonly ChatChunk[],
  onCall: (call: ChatCall) => void = () => undefined,
  end: AnswerBatch["end"] = { outcome: "finished" },
): ChatGateway {
  return {
    async chat(call) {
      onCall(call)
      return { outcome: "answer", answer: { head: HEAD, batches: batchesOf(chunks, end) } }
    },
  }
}

async function* batchesOf(
  chunks: readonly ChatChunk[],
  end: AnswerBatch["end"],
): AsyncGenerator<AnswerBatch> {
  for (const chunk of chunks) yield { chunks: [chunk] }
  yield { chunks: [], ...(end !== undefined && { end }) }
}

/** Options of a call, as a host makes them. */
export function hello(more: Partial<LanguageModelV3CallOptions> = {}): LanguageModelV3CallOptions {
  return { prompt: HELLO, ...more }
}

const HELLO: LanguageModelV3Prompt = [
  { role: "system", content: "You help." },
  { role: "user", content: [{ type: "text", text: "Hello" }] },
]

/** All parts of an answer. */
export async function read(
  model: LanguageModelV3,
  options: LanguageModelV3CallOptions = hello(),
): Promise<LanguageModelV3StreamPart[]> {
  const { stream } = await model.doStream(options)
  const parts: LanguageModelV3StreamPart[] = []
  for await (const part of stream) parts.push(part)
  return parts
}
