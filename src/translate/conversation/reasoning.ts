import { createHash } from "node:crypto"
import type { ReasoningBlock, ReasoningProof } from "../../openai/index.ts"
import { isSpoken, type Turn } from "./conversation.ts"
import { AT_ONCE } from "./cut.ts"
import { tokensOf } from "./size.ts"

/** What was kept of a block of reasoning: its proof, and the hash of the text that comes back from OpenCode. */
export interface SignedReasoning extends ReasoningProof {
  /** The tool uses of the same answer: their ids are the key, because OpenCode gives them back unchanged. */
  readonly toolUseIds: readonly string[]
  readonly textHash: string
}

/** Names a reasoning text, as it came from the service, of this model: another would refuse its signature. */
export function hashReasoning(text: string, modelId: string): string {
  return createHash("sha256").update(`${modelId}\n${text}`).digest("hex")
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
export function createReasoningReplay(kept: readonly SignedReasoning[], modelId: string): ReasoningReplay {
  const byToolUse = new Map<string, SignedReasoning[]>()
  for (const entry of kept) {
    for (const id of entry.toolUseIds) {
      const same = byToolUse.get(id)
      if (same === undefined) byToolUse.set(id, [entry])
      else same.push(entry)
    }
  }

  // A model that stands in for a busy one sees what that gave, and the other way round.
  const isOfModel = (block: ReasoningBlock): boolean => (block.modelId ?? modelId) === modelId
  return ({ toolUseIds, blocks }) => {
    if (toolUseIds.length === 0) return undefined
    if (blocks.some(hasProof)) return blocks.length === 1 && blocks.every(isOfModel) ? blocks[0] : undefined
    if (byToolUse.size === 0) return undefined
    const text = blocks.map((block) => block.text).join("")
    const [own, none] = [hashReasoning(text, modelId), hashReasoning("", modelId)]
    // Another turn may have calls of the same ids, and a text of its own; where there is none, it may be a half of any.
    const isOfAnother = ({ textHash }: SignedReasoning): boolean =>
      own !== none && textHash !== own && textHash !== none
    const ofTurn = Map.groupBy(
      toolUseIds.flatMap((id) => byToolUse.get(id) ?? []).filter((entry) => !isOfAnother(entry)),
      ({ textHash, signature = "", redacted = "" }) => `${textHash} ${signature} ${redacted}`,
    )
    const [[entry] = []] = ofTurn.values()
    if (entry?.textHash !== own || ofTurn.size > 1) return undefined
    return entry.signature === undefined
      ? { text, redacted: entry.redacted ?? "" }
      : { text, signature: entry.signature }
  }
}

function hasProof({ signature, redacted }: ReasoningBlock): boolean {
  return signature !== undefined || redacted !== undefined
}

/** Of the window, so much at most is reasoning that is given back. */
const MOST_OF_WINDOW = 1 / 4

/**
 * Leaves out the reasoning of the oldest tool loops where all of it together is too much, but never that of the loop it
 * belongs to while that goes on. Reads message by message, so that each request leaves out what the one before left out.
 */
export function boundReasoning(turns: readonly Turn[], serviceWindow: number): readonly Turn[] {
  if (turns.every((turn) => turn.role === "user" || turn.reasoning === undefined)) return turns
  const most = serviceWindow * MOST_OF_WINDOW
  const sizes: number[] = []
  let together = 0
  let loop = 0
  let oldest = 0
  for (const [index, turn] of turns.entries()) {
    if (isSpoken(turn)) loop = index
    const reasoning = turn.role === "assistant" ? turn.reasoning : undefined
    const size = reasoning === undefined ? 0 : tokensOf(reasoning.redacted ?? reasoning.text)
    sizes.push(size)
    together += size
    if (together <= most) continue
    while (oldest < loop && together > most * (1 - AT_ONCE)) {
      together -= sizes[oldest] ?? 0
      oldest += 1
    }
    // A loop goes as a whole.
    while (oldest < loop && !isSpoken(turns[oldest])) {
      together -= sizes[oldest] ?? 0
      oldest += 1
    }
  }
  return oldest === 0 ? turns : turns.map((turn, index) => (index < oldest ? withoutReasoning(turn) : turn))
}

export function withoutReasoning(turn: Turn): Turn {
  if (turn.role === "user" || turn.reasoning === undefined) return turn
  const { reasoning: _left, ...rest } = turn
  return rest
}
