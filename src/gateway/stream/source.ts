import {
  createMessageDecoder,
  EventStreamError,
  type EventStreamMessage,
  type HeaderReader,
} from "../../eventstream/index.ts"
import { corruptStream, readKiroEvent, type KiroEvent, type KiroFailure } from "../../kiro/index.ts"
import type { ChatChunk } from "../../openai/index.ts"
import type { ChunkTranslator, FailedEnding } from "../../translate/index.ts"
import type { Upstream } from "./upstream.ts"

/** Some chunks of an answer, and its end if that was reached behind them. */
export interface Batch {
  readonly chunks: readonly ChatChunk[]
  readonly end?: { readonly outcome: "finished" } | FailedEnding
}

export interface AnswerSource {
  /** The next batch: never empty but for an end. Throws the signal's reason on abort. */
  next(): Promise<Batch>
  close(): void
}

/** So many chunks at most leave in one turn of the event loop: a read may hold thousands, after a pause above all. */
const MOST_CHUNKS = 256

/** Bytes → messages → events → chunks, by one read at a time and only when asked. */
export function createAnswerSource(
  upstream: Upstream,
  { translator, readHeaders }: { readonly translator: ChunkTranslator; readonly readHeaders?: HeaderReader },
): AnswerSource {
  const decoder = createMessageDecoder(readHeaders)
  let messages: Iterator<EventStreamMessage, void> = [][Symbol.iterator]()
  let hasContent = false
  let isOver = false
  /** Before the commit point the conversation can still be shortened and sent again. */
  let isTooLong = false
  let heard = false
  let isBatchFull = false

  /** Translates what has been read: until there is none left, a failure, or enough for one batch. */
  function translate(chunks: ChatChunk[]): KiroFailure | undefined {
    try {
      while (chunks.length < MOST_CHUNKS) {
        const { value: message } = messages.next()
        if (message === undefined) return undefined
        const event = readKiroEvent(message)
        if (event.type === "failure") return event.failure
        // What it cost may still come, but nothing that it could say.
        if (isTooLong && isPartOfAnswer(event)) return windowIsFull
        chunks.push(...translator.push(event))
        hasContent ||= chunks.some(isContent)
        isOver ||= event.type === "metadataEvent" && event.stopReason !== undefined
        isTooLong ||= !hasContent && fillsTheWindow(event)
        heard = true
      }
      return undefined
    } catch (error) {
      return brokenStream(error)
    }
  }

  function endOfBytes(failure: KiroFailure | undefined): KiroFailure | undefined {
    if (failure !== undefined) return failure
    try {
      decoder.end()
      return undefined
    } catch (error) {
      return brokenStream(error)
    }
  }

  function end(chunks: readonly ChatChunk[], failure: KiroFailure | undefined): Batch {
    const ended = translator.end(isTooLong ? windowIsFull : failure)
    if (ended.outcome === "failed") return { chunks: hasContent ? chunks : [], end: ended }
    return { chunks: [...chunks, ...ended.chunks], end: { outcome: "finished" } }
  }

  async function nextBatch(): Promise<Batch> {
    if (isBatchFull) await upstream.giveWay()
    const chunks: ChatChunk[] = []
    while (true) {
      heard = false
      const failure = translate(chunks)
      if (heard) upstream.heard({ hasContent, isOver })
      isBatchFull = chunks.length >= MOST_CHUNKS
      if (failure !== undefined) return end(chunks, failure)
      if (hasContent && chunks.length > 0) return { chunks }
      const read = await upstream.read()
      if (read.bytes === undefined) return end(chunks, endOfBytes(read.failure))
      messages = decoder.push(read.bytes)
    }
  }

  return {
    async next() {
      let batch: Batch | undefined
      try {
        batch = await nextBatch()
        return batch
      } finally {
        // Also where it threw: nothing more will be read.
        if (batch === undefined || batch.end !== undefined) upstream.close()
      }
    },
    close: () => upstream.close(),
  }
}

/** The end of a block of reasoning shows nothing by itself. */
function isContent({ delta, reasoningEnd }: ChatChunk): boolean {
  return reasoningEnd === undefined || Object.keys(delta).length > 0
}

const windowIsFull: KiroFailure = {
  kind: "input-too-long",
  status: 0,
  reason: "CONTEXT_USAGE",
  message: "The conversation fills the model's whole context window.",
}

function isPartOfAnswer({ type }: KiroEvent): boolean {
  return !["metadataEvent", "contextUsageEvent", "meteringEvent", "unknown"].includes(type)
}

function fillsTheWindow(event: KiroEvent): boolean {
  if (event.type === "contextUsageEvent") return event.contextUsagePercentage >= 100
  return event.type === "metadataEvent" && (event.tokenUsage?.contextUsagePercentage ?? 0) >= 100
}

function brokenStream(error: unknown): KiroFailure {
  if (!(error instanceof EventStreamError)) throw error
  if (error.code === "truncated") return { kind: "truncated", status: 0, message: error.message }
  return corruptStream(error.message)
}
