import type { KiroEvent, KiroFailure } from "../../../src/kiro/index.ts"
import { foldChunks, type ChatChunk, type ChatCompletion } from "../../../src/openai/index.ts"
import {
  createChunkTranslator,
  type ChunkTranslator,
  type TranslatorOptions,
} from "../../../src/translate/index.ts"

export type ToolUse = Extract<KiroEvent, { type: "toolUseEvent" }>

export function text(content: string): KiroEvent {
  return { type: "assistantResponseEvent", content }
}

export function reasoning(words: string): KiroEvent {
  return { type: "reasoningContentEvent", text: words }
}

/** `toolUse("a")` opens, `toolUse("a", "{")` brings a piece, `stop("a")` closes. The name is that of the id. */
export function toolUse(toolUseId: string, input?: string): ToolUse {
  return {
    type: "toolUseEvent",
    toolUseId,
    name: `tool_${toolUseId}`,
    stop: false,
    ...(input !== undefined && { input }),
  }
}

export function stop(toolUseId: string, input?: string): ToolUse {
  return { ...toolUse(toolUseId, input), stop: true }
}

export function metadata(stopReason: string): KiroEvent {
  return { type: "metadataEvent", stopReason }
}

export function contextUsage(contextUsagePercentage: number): KiroEvent {
  return { type: "contextUsageEvent", contextUsagePercentage }
}

export function failure(kind: KiroFailure["kind"]): KiroFailure {
  return { kind, status: 0, message: kind }
}

export function openTranslator(options: Partial<TranslatorOptions> = {}): ChunkTranslator {
  return createChunkTranslator({
    wireModelId: "claude-sonnet-4.5",
    toolNames: new Map(),
    thinkingTags: false,
    serviceWindow: 200_000,
    estimatedPromptTokens: 1_000,
    ...options,
  })
}

export interface Translated {
  /** The chunks of each event, then those of the end. */
  readonly steps: readonly (readonly ChatChunk[])[]
  readonly end: ReturnType<ChunkTranslator["end"]>
  readonly summary: ReturnType<ChunkTranslator["summary"]>
  /** What the host puts together. */
  readonly message: ChatCompletion["choices"][0]["message"]
  readonly usage: ChatCompletion["usage"]
}

export function translate(
  events: readonly KiroEvent[],
  options: Partial<TranslatorOptions> & { readonly failure?: KiroFailure } = {},
): Translated {
  const machine = openTranslator(options)
  const steps = events.map((event) => machine.push(event))
  const end = machine.end(options.failure)
  const all = [...steps, end.outcome === "finished" ? end.chunks : []]
  const folded = foldChunks({ id: "c", created: 1, model: "m" }, all.flat().map(asStreamed))
  return {
    steps: all,
    end,
    summary: machine.summary(),
    message: folded.choices[0].message,
    usage: folded.usage,
  }
}

/** A host that reads a stream does not see which calls are whole: it puts together all that were announced. */
function asStreamed(chunk: ChatChunk): ChatChunk {
  const call = chunk.delta.tool_calls?.[0]
  return call?.id === undefined ? chunk : { ...chunk, callEnd: call.index }
}

/** What each event gave of the arguments of calls, as `index:piece`. */
export function argumentSteps({ steps }: Translated): string[][] {
  return steps.map((chunks) =>
    chunks
      .flatMap(({ delta }) => delta.tool_calls ?? [])
      .map((call) => `${call.index}:${call.function.name ?? ""}${call.function.arguments}`),
  )
}
