import type { KiroEvent, TokenUsage } from "../../kiro/index.ts"
import { present } from "../../json.ts"
import type { ChatUsage } from "../../openai/index.ts"
import { CHARACTERS_PER_TOKEN } from "../conversation/size.ts"

interface UsageFacts {
  readonly tokenUsage?: TokenUsage | undefined
  /** 0 where the service did not say. */
  readonly contextUsagePercentage: number
  /** The window the service gives the model, in tokens: what the percentage is a part of. */
  readonly serviceWindow: number
  readonly estimatedPromptTokens: number
  /** Lengths of all text, reasoning and arguments, and of the reasoning alone. */
  readonly writtenCharacters: number
  readonly reasoningCharacters: number
  /** Makes the host compact next: the window, as the host knows it, is reported as full. */
  readonly wholeWindow?: number
}

/** The counts of one turn: the service's own, else its percentage, else an estimate. Never 0, never over the window. */
export function countUsage(facts: UsageFacts): ChatUsage {
  const { tokenUsage, serviceWindow, wholeWindow } = facts
  const written = tokenUsage?.outputTokens || Math.ceil(facts.writtenCharacters / CHARACTERS_PER_TOKEN)
  const completion = clamp(written, serviceWindow - 1)
  const prompt =
    wholeWindow === undefined
      ? clamp(countedPrompt(facts, serviceWindow) || facts.estimatedPromptTokens, serviceWindow - completion)
      : wholeWindow - completion
  const reasoning = Math.ceil(facts.reasoningCharacters / CHARACTERS_PER_TOKEN)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: cacheTokens(tokenUsage, prompt),
    completion_tokens_details: { reasoning_tokens: Math.min(reasoning, completion) },
  }
}

function cacheTokens(tokenUsage: TokenUsage | undefined, prompt: number): ChatUsage["prompt_tokens_details"] {
  const { cacheReadInputTokens: read = 0, cacheWriteInputTokens: written = 0 } = tokenUsage ?? {}
  const cached_tokens = Math.min(read, prompt)
  if (written === 0) return { cached_tokens }
  return { cached_tokens, cache_write_tokens: Math.min(written, prompt - cached_tokens) }
}

/** What the service itself said of the request's size, in tokens; 0 where it said nothing. */
export function countedPrompt(
  { tokenUsage, contextUsagePercentage }: Pick<UsageFacts, "tokenUsage" | "contextUsagePercentage">,
  serviceWindow: number,
): number {
  return inputOf(tokenUsage) || Math.round((contextUsagePercentage / 100) * serviceWindow)
}

/** All input that the service counted: what it read from its cache, what it wrote there, and the rest. */
function inputOf(tokenUsage: TokenUsage | undefined): number {
  if (tokenUsage === undefined) return 0
  const { uncachedInputTokens, cacheReadInputTokens = 0, cacheWriteInputTokens = 0 } = tokenUsage
  return uncachedInputTokens + cacheReadInputTokens + cacheWriteInputTokens
}

function clamp(tokens: number, most: number): number {
  return Math.max(1, Math.min(Math.round(tokens), most))
}

/** What the service metered for one HTTP send. The tokens of its input are there where it told them. */
export interface Metered {
  readonly credits: number
  readonly inputTokens?: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
}

type RecordedEvent = Extract<KiroEvent, { type: "metadataEvent" | "contextUsageEvent" | "meteringEvent" }>

/** What the service tells of a turn beside its content. A later event wins, but never with nothing. */
interface TurnRecord {
  push(event: RecordedEvent): void
  readonly stopReason: string | undefined
  readonly tokenUsage: TokenUsage | undefined
  /** 0 where the service did not say. */
  readonly contextUsagePercentage: number
  readonly metered: Metered
  /** Whether the turn got as far as a stop reason, its metering or its token counts, which come behind its content. */
  readonly isComplete: boolean
}

export function createTurnRecord(): TurnRecord {
  const record = {
    stopReason: undefined as string | undefined,
    tokenUsage: undefined as TokenUsage | undefined,
    contextUsagePercentage: 0,
    credits: 0,
    isComplete: false,
    get metered(): Metered {
      const { credits, tokenUsage } = record
      const inputTokens = inputOf(tokenUsage)
      if (inputTokens <= 0) return { credits }
      const cacheReadTokens = tokenUsage?.cacheReadInputTokens
      const cacheWriteTokens = tokenUsage?.cacheWriteInputTokens
      return { credits, inputTokens, ...present({ cacheReadTokens, cacheWriteTokens }) }
    },
    push(event: RecordedEvent): void {
      switch (event.type) {
        case "metadataEvent":
          record.stopReason = event.stopReason ?? record.stopReason
          record.isComplete ||= event.stopReason !== undefined || event.tokenUsage !== undefined
          record.tokenUsage = event.tokenUsage ?? record.tokenUsage
          record.contextUsagePercentage =
            event.tokenUsage?.contextUsagePercentage || record.contextUsagePercentage
          return
        case "contextUsageEvent":
          record.contextUsagePercentage = event.contextUsagePercentage || record.contextUsagePercentage
          return
        case "meteringEvent":
          if (/^(?:credits?)?$/i.test(event.unit)) record.credits += Math.max(0, event.usage)
          record.isComplete = true
          return
        default:
          event satisfies never
      }
    },
  }
  return record
}
