import { createHash } from "node:crypto"
import type { ReasoningContent } from "../../kiro/index.ts"

/** What was kept of a turn's reasoning: the text itself comes back from OpenCode. */
export interface RememberedReasoning {
  /** `hashReasoning` of the text that the proof belongs to. */
  readonly textHash: string
  readonly signature?: string
  /** Base64, as it came. */
  readonly redactedContent?: string
}

/** By the id of any tool use of the turn. */
export type ReasoningLookup = (toolUseId: string) => RememberedReasoning | undefined

/** Names a reasoning text; the text as it came from the service, byte for byte. */
export function hashReasoning(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** What may be given back for a turn: nothing without a genuine proof for exactly this text. */
export function reasoningFor({
  toolUseIds,
  text,
  lookup,
}: {
  readonly toolUseIds: readonly string[]
  readonly text: string
  readonly lookup: ReasoningLookup
}): ReasoningContent | undefined {
  const remembered = toolUseIds.map(lookup).find((found) => found !== undefined)
  if (remembered === undefined || remembered.textHash !== hashReasoning(text)) return undefined
  if (remembered.signature !== undefined) return { reasoningText: { text, signature: remembered.signature } }
  return remembered.redactedContent === undefined
    ? undefined
    : { redactedContent: remembered.redactedContent }
}
