import type { LanguageModelV3Prompt } from "@ai-sdk/provider"
import type { ChatAnswer } from "../src/gateway/index.ts"
import { batchesOf, openAnswer } from "../src/gateway/stream/answer.ts"
import { createKiro } from "../src/opencode2/provider.ts"
import { enterRegistry } from "../src/opencode2/registry.ts"
import { answerBody } from "../src/plugin/front.ts"
import { systemClock } from "../src/runtime.ts"
import { createCutter, createFloor } from "./floor.ts"
import { sharedNow } from "./harness.ts"
import { answerOptions } from "../test/gateway/stream/exchange.ts"

/** The answer as OpenCode 1 gets it: server-sent events of a committed answer. */
export async function answerStream(response: Response): Promise<ReadableStream<Uint8Array>> {
  return answerBody(await openChatAnswer(response), ({ refusal }) => new Error(refusal.message))
}

/** The same as OpenCode 2 gets it: the parts of a language model, and how many there were. */
export async function countParts(response: Response): Promise<number> {
  const location = crypto.randomUUID()
  const leave = enterRegistry(location, {
    chat: async () => ({ outcome: "answer", answer: await openChatAnswer(response) }),
  })
  const prompt: LanguageModelV3Prompt = [{ role: "user", content: [{ type: "text", text: "Hello" }] }]
  const { stream } = await createKiro({ location }).languageModel("claude-sonnet-4-5").doStream({ prompt })
  const reader = stream.getReader()
  let parts = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (next.value.type === "error") throw next.value.error
    parts++
  }
  leave()
  return parts
}

async function openChatAnswer(response: Response): Promise<ChatAnswer> {
  const opened = await openAnswer({
    ...answerOptions(response),
    clock: systemClock,
    askedAt: systemClock.now(),
  })
  if (opened.outcome === "failed") throw new Error(opened.failure.message)
  const batches = batchesOf(
    opened.answer.read(() => undefined),
    ({ message }) => ({ status: 500, message }),
  )
  const head = { id: "chatcmpl-1", created: 1_700_000_000, model: "claude-sonnet-4-5" }
  return { head, batches }
}

/** A 200 whose body brings these reads, one for each time it is asked. */
export function responseOf(reads: readonly Uint8Array[]): Response {
  let next = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const bytes = reads[next++]
        if (bytes === undefined) controller.close()
        else controller.enqueue(bytes)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { "content-type": "application/vnd.amazon.eventstream" } })
}

/** Reads to the end; gives the number of bytes, the first read of them, and when it came. */
export async function drain(
  stream: ReadableStream<Uint8Array>,
): Promise<{ readonly bytes: number; readonly first: Uint8Array | undefined; readonly firstAt: number }> {
  const reader = stream.getReader()
  let bytes = 0
  let first: Uint8Array | undefined
  let firstAt = 0
  while (true) {
    const { value, done } = await reader.read()
    if (done) return { bytes, first, firstAt }
    firstAt ||= sharedNow()
    first ??= value
    bytes += value.length
  }
}

/** What the floor answers a host with: a server-sent event for each frame, as a stream that the host reads as it reads ours. */
export function floorAnswer(response: Response): ReadableStream<Uint8Array> {
  const floor = createFloor()
  const cut = createCutter()
  const reader = response.body?.getReader()
  const bytes = new TextEncoder()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (let isEmpty = true; isEmpty;) {
          const { value } = (await reader?.read()) ?? {}
          if (value === undefined) return controller.close()
          const events = [...cut(value)].map((frame) => `data: ${floor(frame)}\n\n`).join("")
          isEmpty = events === ""
          if (!isEmpty) controller.enqueue(bytes.encode(events))
        }
      },
    },
    { highWaterMark: 0 },
  )
}
