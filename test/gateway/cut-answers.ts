import type { Fetch } from "../../src/runtime.ts"
import { reset, type Step, stream, type Steps, waitFor } from "../support/fake-kiro/index.ts"
import type { StreamReply } from "../support/fake-kiro/reply.ts"

export interface CutAnswers {
  /** Between the gateway and the network. */
  readonly fetch: Fetch
  /** Such an answer. They are to be asked for in the order in which they were made, before any other. */
  readonly cut: (...steps: readonly Steps[]) => StreamReply
}

/**
 * Answers whose connection is reset when all before was read, however slow the machine is: what the client has not read
 * yet a reset takes along.
 */
export function cutAnswers(): CutAnswers {
  const unread: { left: number; readonly read: () => void }[] = []
  return {
    cut(...steps) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const answer = stream(...steps, waitFor(promise), reset)
      unread.push({ left: lengthOf(answer.steps), read: resolve })
      return answer
    },
    async fetch(url, init) {
      const response = await fetch(url, init)
      const isAnswer = response.headers.get("content-type") === "application/vnd.amazon.eventstream"
      const answer = isAnswer ? unread.shift() : undefined
      if (response.body === null || answer === undefined) return response
      const counted = new TransformStream<Uint8Array, Uint8Array>(
        {
          transform(chunk, controller) {
            controller.enqueue(chunk)
            answer.left -= chunk.length
            if (answer.left <= 0) answer.read()
          },
        },
        undefined,
        // It takes nothing that nobody asked it for.
        { highWaterMark: 0 },
      )
      const { status, headers } = response
      return new Response(response.body.pipeThrough(counted), { status, headers })
    },
  }
}

function lengthOf(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + (step.do === "send" ? step.bytes.length : 0), 0)
}
