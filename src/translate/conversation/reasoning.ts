import { createHash } from "node:crypto"
import type { ReasoningBlock, ReasoningProof } from "../../openai/index.ts"

/** What was kept of a block of reasoning: its proof, and the hash of the text that comes back from OpenCode. */
export interface SignedReasoning extends ReasoningProof {
  /** The tool uses of the same answer: their ids are the key, because OpenCode gives them back unchanged. */
  readonly toolUseIds: readonly string[]
  readonly textHash: string
}

/** Names a reasoning text, as it came from the service. */
export function hashReasoning(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

/** What may be given back for a turn: nothing without a genuine proof for exactly this text. */
export type ReasoningReplay = (turn: {
  readonly toolUseIds: readonly string[]
  readonly blocks: readonly ReasoningBlock[]
}) => ReasoningBlock | undefined

/**
 * Gives back the one block of a turn whole, by its own proof, else by the one that was kept for its text. A message
 * has room for one block: of several, open or hidden, none goes, because the service takes no part of them.
 */
export function createReasoningReplay(kept: readonly SignedReasoning[]): ReasoningReplay {
  const byToolUse = new Map<string, SignedReasoning[]>()
  for (const entry of kept)
    for (const id of entry.toolUseIds) byToolUse.set(id, [...(byToolUse.get(id) ?? []), entry])

  return ({ toolUseIds, blocks }) => {
    if (toolUseIds.length === 0) return undefined
    if (blocks.some(hasProof)) return blocks.length === 1 ? blocks[0] : undefined
    const ofTurn = Map.groupBy(
      toolUseIds.flatMap((id) => byToolUse.get(id) ?? []),
      ({ textHash, signature = "", redacted = "" }) => `${textHash} ${signature} ${redacted}`,
    )
    const [[entry] = []] = ofTurn.values()
    if (entry === undefined || ofTurn.size > 1) return undefined
    const text = blocks.map((block) => block.text).join("")
    if (entry.textHash !== hashReasoning(text)) return undefined
    return entry.signature === undefined
      ? { text, redacted: entry.redacted ?? "" }
      : { text, signature: entry.signature }
  }
}

function hasProof({ signature, redacted }: ReasoningBlock): boolean {
  return signature !== undefined || redacted !== undefined
}
