import type { KiroFailure } from "../../kiro/index.ts"
import { foldChunks, type ChatChunk, type ChatCompletion, type ChatHead } from "../../openai/index.ts"
import type { ChunkTranslator, TurnSummary } from "../../translate/index.ts"
import { answerBody, type FailedEnd } from "./body.ts"
import { createAnswerSource, type AnswerSource, type Batch } from "./source.ts"
import { openUpstream, type UpstreamOptions } from "./upstream.ts"

export interface OpenAnswerOptions extends UpstreamOptions {
  readonly head: ChatHead
  /** A new one for each attempt. */
  readonly translator: ChunkTranslator
}

export interface StreamOptions {
  /**
   * Called once, however the answer ends: with the failure where it was one, with a summary that has no finish reason
   * where the host stopped listening.
   */
  readonly onEnd: (summary: TurnSummary, failure?: KiroFailure) => void
  /** The host's error for a failure that can no longer be hidden, and whether the host may ask again. */
  readonly toError: (failed: FailedEnd) => Error
}

/** An answer whose first content has come: from here on nothing can be retried unseen. Use one of the two. */
export interface CommittedAnswer {
  stream(options: StreamOptions): ReadableStream<Uint8Array>
  /** The answer as a whole. Nothing is shown before its end, so that a failure is one that can still be retried. */
  fold(): Promise<
    { readonly completion: ChatCompletion; readonly summary: TurnSummary } | { readonly failure: KiroFailure }
  >
}

/**
 * Reads a 200 answer up to its commit point: the first piece of text, reasoning or a tool call, or an end in order.
 * A failure before it is one like any HTTP failure. Rejects with the signal's reason on abort; the connection is
 * closed whenever there is no answer.
 */
export async function openAnswer(
  options: OpenAnswerOptions,
): Promise<{ readonly failure: KiroFailure } | { readonly answer: CommittedAnswer }> {
  const { head, translator, signal } = options
  const source = createAnswerSource(openUpstream(options), translator)
  const first = await source.next()
  if (first.chunks.length === 0 && first.end?.outcome === "failed") {
    return { failure: first.end.failure }
  }
  return {
    answer: {
      stream: ({ onEnd, toError }) =>
        answerBody({
          head,
          first,
          source,
          signal,
          toError,
          onEnd: (end) => {
            onEnd(translator.summary(), end?.outcome === "failed" ? end.failure : undefined)
          },
        }),
      fold: async () => {
        const whole = await readAll(first, source)
        if ("failure" in whole) return whole
        const summary = translator.summary()
        return { completion: foldChunks(head, whole.chunks), summary }
      },
    },
  }
}

async function readAll(
  first: Batch,
  source: AnswerSource,
): Promise<{ readonly chunks: readonly ChatChunk[] } | { readonly failure: KiroFailure }> {
  const chunks: ChatChunk[] = []
  let batch = first
  while (true) {
    chunks.push(...batch.chunks)
    if (batch.end !== undefined) {
      return batch.end.outcome === "failed" ? batch.end : { chunks: [...chunks, ...batch.end.chunks] }
    }
    batch = await source.next()
  }
}
