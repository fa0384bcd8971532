import type { HeaderReader } from "../../eventstream/index.ts"
import { type KiroFailure, networkFailure } from "../../kiro/index.ts"
import type { ChatChunk } from "../../openai/index.ts"
import type { ChunkTranslator, Metered, TurnSummary } from "../../translate/index.ts"
import type { AnswerBatch, Refusal } from "../chat-call.ts"
import { createAnswerSource, type AnswerSource, type Batch } from "./source.ts"
import { openUpstream, type UpstreamOptions } from "./upstream.ts"

export interface OpenAnswerOptions extends UpstreamOptions {
  /** A new one for each attempt. */
  readonly translator: ChunkTranslator
  /** The one of the answers before: it knows their header blocks. */
  readonly readHeaders?: HeaderReader
}

/** An answer whose first content has come: from here on nothing can be retried unseen. Use one of the two. */
export interface CommittedAnswer {
  /**
   * The rest as it comes. `onEnd` is called once, however it ends: with the failure where it was one, with a summary
   * that has no finish reason where the host stopped listening.
   */
  read(onEnd: (summary: TurnSummary, failure?: KiroFailure) => void): BatchReader
  /** The answer as a whole. Nothing is shown before its end, so that a failure is one that can still be retried. */
  readWhole(): Promise<WholeAnswer>
}

export interface BatchReader {
  /** Rejects with the signal's reason on abort. */
  next(): Promise<Batch>
  /** The host stopped listening: the connection is closed at once, also under a `next` that waits. */
  close(): void
}

type WholeAnswer =
  | { readonly outcome: "whole"; readonly chunks: readonly ChatChunk[]; readonly summary: TurnSummary }
  | FailedAnswer

/** `metered`: what the service counted all the same; absent where there was no answer. */
interface FailedAnswer {
  readonly outcome: "failed"
  readonly failure: KiroFailure
  readonly metered?: Metered
}

export type OpenedAnswer = { readonly outcome: "answer"; readonly answer: CommittedAnswer } | FailedAnswer

/**
 * Reads a 200 answer up to its commit point: the first piece of text, reasoning or a tool call, or an end in order.
 * A failure before it is one like any HTTP failure, and so is an abort, whose caller hears of it elsewhere: what either
 * has cost is told. The connection is closed whenever there is no answer.
 */
export async function openAnswer(options: OpenAnswerOptions): Promise<OpenedAnswer> {
  const { translator, signal } = options
  const source = createAnswerSource(openUpstream(options), options)
  const first = await nextUnseen(source, signal)
  if (first.chunks.length === 0 && first.end?.outcome === "failed")
    return { outcome: "failed", failure: first.end.failure, metered: translator.summary().metered }
  return {
    outcome: "answer",
    answer: {
      read: (onEnd) =>
        readBatches({ first, source, signal }, (failure) => onEnd(translator.summary(), failure)),
      readWhole: () => readWhole({ first, source, signal }, translator),
    },
  }
}

interface Opened {
  readonly first: Batch
  readonly source: AnswerSource
  readonly signal: AbortSignal
}

function readBatches(opened: Opened, onEnd: (failure?: KiroFailure) => void): BatchReader {
  const { source, signal } = opened
  let first: Batch | undefined = opened.first
  let closed = false

  function close(failure?: KiroFailure): void {
    if (closed) return
    closed = true
    signal.removeEventListener("abort", onAbort)
    source.close()
    onEnd(failure)
  }

  const onAbort = (): void => close()
  signal.addEventListener("abort", onAbort)
  if (signal.aborted) close()

  async function next(): Promise<Batch> {
    if (signal.aborted) throw signal.reason
    try {
      const batch = first ?? (await source.next())
      first = undefined
      if (batch.end !== undefined) close(batch.end.outcome === "failed" ? batch.end.failure : undefined)
      return batch
    } catch (error) {
      close()
      throw error
    }
  }

  return { next, close: () => close() }
}

/** The answer as a host reads it. By hand: `return()` of a generator would wait for the `next()` that is under way. */
export function batchesOf(
  reader: BatchReader,
  toRefusal: (failure: KiroFailure) => Refusal,
): AsyncIterable<AnswerBatch> {
  const done = { done: true, value: undefined } as const
  let ended = false
  const toHost = ({ chunks, end }: Batch): AnswerBatch => {
    if (end === undefined) return { chunks }
    ended = true
    if (end.outcome === "finished") return { chunks, end }
    return { chunks, end: { outcome: "failed", refusal: toRefusal(end.failure), afterwards: end.afterwards } }
  }
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => (ended ? done : { done: false, value: toHost(await reader.next()) }),
      return: async () => {
        ended = true
        reader.close()
        return done
      },
    }),
  }
}

async function readWhole(
  { first, source, signal }: Opened,
  translator: ChunkTranslator,
): Promise<WholeAnswer> {
  const chunks: ChatChunk[] = []
  let batch = first
  while (true) {
    chunks.push(...batch.chunks)
    if (batch.end?.outcome === "failed")
      return { outcome: "failed", failure: batch.end.failure, metered: translator.summary().metered }
    if (batch.end !== undefined) break
    batch = await nextUnseen(source, signal)
  }
  return { outcome: "whole", chunks, summary: translator.summary() }
}

/** The next batch, before anything is shown. */
async function nextUnseen(source: AnswerSource, signal: AbortSignal): Promise<Batch> {
  try {
    return await source.next()
  } catch (error) {
    if (!signal.aborted) throw error
    return { chunks: [], end: { outcome: "failed", failure: networkFailure(error), afterwards: "stop" } }
  }
}
