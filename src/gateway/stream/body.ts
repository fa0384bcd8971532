import { createChunkEncoder, DONE, type ChatHead } from "../../openai/index.ts"
import type { AnswerSource, Batch } from "./source.ts"

export interface BodyOptions {
  readonly head: ChatHead
  /** The batch that was read to reach the commit point. */
  readonly first: Batch
  readonly source: AnswerSource
  readonly signal: AbortSignal
  /** Called once: at the end, on a failure, on cancel, on abort. */
  readonly onEnd: (end: Batch["end"]) => void
  readonly toError: (failure: FailedEnd) => Error
}

export type FailedEnd = Extract<NonNullable<Batch["end"]>, { outcome: "failed" }>

/** The committed answer as server-sent events. It reads from Kiro only when it is read itself. */
export function answerBody({
  head,
  first,
  source,
  signal,
  onEnd,
  toError,
}: BodyOptions): ReadableStream<Uint8Array> {
  const encode = createChunkEncoder(head)
  const bytes = new TextEncoder()
  let batch: Batch | undefined = first
  let closed = false
  let onAbort = (): void => undefined

  function close(end?: Batch["end"]): void {
    if (closed) return
    closed = true
    signal.removeEventListener("abort", onAbort)
    source.close()
    onEnd(end)
  }

  async function next(): Promise<Batch> {
    try {
      return await source.next()
    } catch (error) {
      close()
      throw error
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onAbort = () => {
          controller.error(signal.reason)
          close()
        }
        signal.addEventListener("abort", onAbort)
        if (signal.aborted) onAbort()
      },
      async pull(controller) {
        const { chunks, end } = batch ?? (await next())
        batch = undefined
        if (closed) return
        const failed = end?.outcome === "failed"
        const text = [...chunks, ...(end === undefined || failed ? [] : end.chunks)].map(encode).join("")
        const last = end === undefined || failed ? "" : DONE
        // A failure behind some chunks has to wait until they were read: an error would throw them away.
        if (text + last !== "") controller.enqueue(bytes.encode(text + last))
        if (end === undefined) return
        if (failed && text !== "") {
          batch = { chunks: [], end }
          return
        }
        if (failed) controller.error(toError(end))
        else controller.close()
        close(end)
      },
      cancel: () => close(),
    },
    { highWaterMark: 0 },
  )
}
