/** The events of an answer. The discriminant is the exact `:event-type` on the wire. */

export interface TokenUsage {
  readonly uncachedInputTokens: number
  readonly outputTokens: number
  readonly totalTokens?: number
  readonly cacheReadInputTokens: number
  readonly cacheWriteInputTokens: number
  readonly contextUsagePercentage?: number
}

export type KiroEvent =
  | { readonly type: "assistantResponseEvent"; readonly content: string }
  /** Rare: code as its own event. It is text of the answer. */
  | { readonly type: "codeEvent"; readonly content: string }
  | {
      readonly type: "reasoningContentEvent"
      readonly text?: string
      readonly signature?: string
      readonly redactedContent?: string
    }
  | {
      readonly type: "toolUseEvent"
      readonly toolUseId: string
      readonly name: string
      /** The next piece of a JSON text; an object on the wire arrives here as its whole JSON text. */
      readonly input?: string
      readonly stop: boolean
    }
  | { readonly type: "metadataEvent"; readonly stopReason?: string; readonly tokenUsage?: TokenUsage }
  | { readonly type: "contextUsageEvent"; readonly contextUsagePercentage: number }
  | { readonly type: "meteringEvent"; readonly usage: number; readonly unit: string }
  | { readonly type: "unknown"; readonly eventType: string }
