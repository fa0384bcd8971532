import { present } from "../../json.ts"
import type { KiroEvent, KiroFailure } from "../../kiro/index.ts"
import type { ChatChunk, ChatDelta, ChatUsage, FinishReason, ReasoningProof } from "../../openai/index.ts"
import { decideEnding, type Ending, type FailedEnding } from "./ending.ts"
import { createSurrogateJoiner } from "./surrogates.ts"
import { createThinkingSplitter, type AnswerPiece } from "./thinking.ts"
import { createToolCalls, type CallPiece } from "./tool-calls.ts"
import { countedPrompt, countUsage, createTurnRecord, type Metered } from "./usage.ts"
import { hashReasoning, type SignedReasoning } from "../conversation/reasoning.ts"

export interface TranslatorOptions {
  /** As on the wire: reasoning is kept as this model's. */
  readonly wireModelId: string
  /** Names on Kiro's wire to the names the host knows; a name that is missing is the same in both. */
  readonly toolNames: ReadonlyMap<string, string>
  /** Whether the request asked for thinking by prompt tags: only then are they parsed. */
  readonly thinkingTags: boolean
  /** In tokens: the window that the service gives the model, not the limit that a user configured. */
  readonly serviceWindow: number
  /** In tokens: the window that the host was told, where it is a larger one. A whole window is reported as this. */
  readonly hostWindow?: number
  readonly estimatedPromptTokens: number
  /**
   * When the usage says that the window is full, on which the host compacts next: as a rule when the service says so
   * or the answer overflowed, `always` where the conversation had to be shortened, `never` where compacting did not help.
   */
  readonly reportWholeWindow?: "when-full" | "always" | "never"
}

/** What one turn came to, as far as it went. */
export interface TurnSummary {
  /** Absent while the answer runs, and where it ended in an error. */
  readonly finishReason?: FinishReason
  readonly usage: ChatUsage
  /** The request's size as the service counted it; 0 where it did not. */
  readonly countedPromptTokens: number
  readonly metered: Metered
  readonly reasoning: readonly SignedReasoning[]
  readonly completedCallIds: readonly string[]
  /** Announced, but without their stop. */
  readonly openCallIds: readonly string[]
  /** Whether the usage says that the window is full. */
  readonly reportedWholeWindow: boolean
  /** The failure that an end in order hides from the host: a whole call was given out before it, or the turn was over. */
  readonly hiddenFailure?: KiroFailure
}

type TranslatedEnd = { readonly outcome: "finished"; readonly chunks: readonly ChatChunk[] } | FailedEnding

/** Kiro events in, chunks of a chat completion out. Synchronous; one for each answer. */
export interface ChunkTranslator {
  push(event: KiroEvent): ChatChunk[]
  /**
   * Ends the answer: in order where the stream ended by itself, or by a failure. The end is chunks with a finish
   * reason and the usage, or the failure, and then whether the host may ask again.
   */
  end(failure?: KiroFailure): TranslatedEnd
  summary(): TurnSummary
}

export function createChunkTranslator(options: TranslatorOptions): ChunkTranslator {
  const text = createSurrogateJoiner()
  const nativeReasoning = createSurrogateJoiner()
  const splitter = options.thinkingTags ? createThinkingSplitter() : undefined
  const toolCalls = createToolCalls(options.toolNames)
  const reasoning = createReasoningRecord(options.wireModelId)
  const turn = createTurnRecord()
  let wroteAnything = false
  let writtenCharacters = 0
  let reasoningCharacters = 0
  let ending: Ending | undefined
  let hiddenFailure: KiroFailure | undefined

  function chunk(delta: ChatDelta): ChatChunk {
    if (wroteAnything) return { delta }
    wroteAnything = true
    return { delta: { role: "assistant", ...delta } }
  }

  function pieceChunks({ kind, text }: AnswerPiece): ChatChunk[] {
    if (text === "") return []
    writtenCharacters += text.length
    if (kind === "text") return [chunk({ content: text })]
    reasoningCharacters += text.length
    return [chunk({ reasoning_content: text })]
  }

  function textChunks(content: string): ChatChunk[] {
    if (splitter === undefined) return pieceChunks({ kind: "text", text: content })
    return splitter.push(content).flatMap(pieceChunks)
  }

  function toolChunks(pieces: readonly CallPiece[]): ChatChunk[] {
    return pieces.map(({ delta, callEnd }) => {
      writtenCharacters += delta.function.arguments.length
      const written = chunk({ tool_calls: [delta] })
      return callEnd === undefined ? written : { ...written, callEnd }
    })
  }

  /** A block's end is no content: it changes nothing of what the host has been shown. */
  function reasoningChunks(event: ReasoningEvent): ChatChunk[] {
    const text = nativeReasoning.push(event.text ?? "")
    const ends = reasoning.push(event)
    const rest = ends.length > 0 ? nativeReasoning.end() : ""
    return [
      ...pieceChunks({ kind: "reasoning", text: text + rest }),
      ...ends.map((proof) => ({ delta: {}, reasoningEnd: { ...proof, modelId: options.wireModelId } })),
    ]
  }

  function flush(): ChatChunk[] {
    return [
      ...pieceChunks({ kind: "reasoning", text: nativeReasoning.end() }),
      ...textChunks(text.end()),
      ...(splitter?.end() ?? []).flatMap(pieceChunks),
    ]
  }

  function reportsWholeWindow(): boolean {
    const { reportWholeWindow = "when-full" } = options
    if (reportWholeWindow !== "when-full") return reportWholeWindow === "always"
    const overflowed = ending?.outcome === "finished" && ending.overflowed
    return overflowed || turn.contextUsagePercentage >= 100
  }

  function usage(): ChatUsage {
    const { serviceWindow, hostWindow = 0, estimatedPromptTokens, reportWholeWindow } = options
    const wholeWindow = reportsWholeWindow()
    const isDisbelieved = reportWholeWindow === "never" && turn.contextUsagePercentage >= 100
    return countUsage({
      tokenUsage: turn.tokenUsage,
      contextUsagePercentage: isDisbelieved ? 0 : turn.contextUsagePercentage,
      serviceWindow,
      estimatedPromptTokens,
      writtenCharacters,
      reasoningCharacters,
      ...(wholeWindow && { wholeWindow: Math.max(serviceWindow, hostWindow) }),
    })
  }

  return {
    push(event) {
      switch (event.type) {
        case "assistantResponseEvent":
        case "codeEvent":
          return textChunks(text.push(event.content))
        case "reasoningContentEvent":
          return reasoningChunks(event)
        case "toolUseEvent":
          return toolChunks(toolCalls.push(event))
        case "metadataEvent":
        case "contextUsageEvent":
        case "meteringEvent":
          turn.push(event)
          return []
        case "unknown":
          return []
        default:
          return event satisfies never
      }
    },
    end(failure) {
      // What was held back is no beginning of an answer that failed before anything was shown.
      const isOver = turn.stopReason !== undefined
      const held = failure === undefined || wroteAnything || isOver ? flush() : []
      const completedCalls = toolCalls.completedIds().length
      const openCalls = toolCalls.openIds().length
      if (completedCalls > 0 || isOver) hiddenFailure = failure
      ending = decideEnding({
        failure,
        stopReason: turn.stopReason,
        wroteAnything,
        isComplete: turn.isComplete,
        openCalls,
        completedCalls,
        windowIsFull: turn.contextUsagePercentage >= 100,
      })
      if (ending.outcome === "failed") return ending
      const broken = toolChunks(toolCalls.breakOpen())
      const last: ChatChunk = { delta: {}, finishReason: ending.finishReason, usage: usage() }
      return { outcome: "finished", chunks: [...held, ...broken, last] }
    },
    summary: () => ({
      ...(ending?.outcome === "finished" && { finishReason: ending.finishReason }),
      usage: usage(),
      countedPromptTokens: countedPrompt(turn, options.serviceWindow),
      metered: turn.metered,
      reasoning: reasoning.entries(toolCalls.completedIds()),
      completedCallIds: toolCalls.completedIds(),
      openCallIds: toolCalls.openIds(),
      reportedWholeWindow: reportsWholeWindow(),
      ...present({ hiddenFailure }),
    }),
  }
}

type ReasoningEvent = Extract<KiroEvent, { type: "reasoningContentEvent" }>

interface ReasoningRecord {
  /** Gives the ends of the blocks that the event ends. */
  push(event: ReasoningEvent): ReasoningProof[]
  entries(toolUseIds: readonly string[]): SignedReasoning[]
}

/** Notes which text each signature belongs to: all reasoning since the signature before it. */
function createReasoningRecord(modelId: string): ReasoningRecord {
  const noted: { readonly text: string; readonly proof: ReasoningProof }[] = []
  let text = ""
  return {
    push({ text: more = "", signature, redactedContent }) {
      const before = noted.length
      text += more
      if (signature !== undefined) {
        noted.push({ text, proof: { signature } })
        text = ""
      }
      if (redactedContent !== undefined) noted.push({ text: "", proof: { redacted: redactedContent } })
      return noted.slice(before).map(({ proof }) => proof)
    },
    entries: (toolUseIds) =>
      noted.map(({ text, proof }) =>
        Object.assign({ textHash: hashReasoning(text, modelId), toolUseIds }, proof),
      ),
  }
}
