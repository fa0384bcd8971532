import { createHash } from "node:crypto"
import type { ReasoningContent } from "../../kiro/index.ts"

/** What was kept of a reasoning text: the text itself comes back from OpenCode. */
export interface RememberedReasoning {
  /** `hashReasoning` of the text that the proof belongs to. */
  readonly textHash: string
  readonly signature?: string
  /** Base64, as it came. */
  readonly redactedContent?: string
}

/** With the tool uses of the same answer: their ids are the key, because OpenCode gives them back unchanged. */
export interface SignedReasoning extends RememberedReasoning {
  readonly toolUseIds: readonly string[]
}

/** Names a reasoning text, as it came from the service. */
export function hashReasoning(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** What may be given back for a turn: nothing without a genuine proof for exactly this text. */
export type ReasoningReplay = (turn: {
  readonly toolUseIds: readonly string[]
  readonly text: string
}) => ReasoningContent | undefined

export function createReasoningReplay(remembered: readonly SignedReasoning[]): ReasoningReplay {
  const byToolUse = new Map<string, SignedReasoning[]>()
  for (const entry of remembered)
    for (const id of entry.toolUseIds) byToolUse.set(id, [...(byToolUse.get(id) ?? []), entry])

  return ({ toolUseIds, text }) => {
    const entries = toolUseIds.flatMap((id) => byToolUse.get(id) ?? [])
    if (entries.length === 0) return undefined
    const textHash = hashReasoning(text)
    const proof = entries.find((entry) => entry.textHash === textHash)
    if (proof?.signature !== undefined) return { reasoningText: { text, signature: proof.signature } }
    return proof?.redactedContent === undefined ? undefined : { redactedContent: proof.redactedContent }
  }
}
