import type { KiroEvent } from "../../kiro/index.ts"
import type { ReasoningProof } from "../../openai/index.ts"
import { hashReasoning, type SignedReasoning } from "../conversation/reasoning.ts"

export type ReasoningEvent = Extract<KiroEvent, { type: "reasoningContentEvent" }>

export interface ReasoningRecord {
  /** Gives the ends of the blocks that the event ends. */
  push(event: ReasoningEvent): ReasoningProof[]
  entries(toolUseIds: readonly string[]): SignedReasoning[]
}

/** Notes which text each signature belongs to: all reasoning since the signature before it. */
export function createReasoningRecord(): ReasoningRecord {
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
      noted.map(({ text, proof }) => Object.assign({ textHash: hashReasoning(text), toolUseIds }, proof)),
  }
}
