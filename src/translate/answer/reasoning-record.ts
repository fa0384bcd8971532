import type { KiroEvent } from "../../kiro/index.ts"
import { hashReasoning, type RememberedReasoning, type SignedReasoning } from "../conversation/reasoning.ts"

export interface ReasoningRecord {
  push(event: Extract<KiroEvent, { type: "reasoningContentEvent" }>): void
  entries(toolUseIds: readonly string[]): SignedReasoning[]
}

/** Notes which text each signature belongs to: all reasoning since the signature before it. */
export function createReasoningRecord(): ReasoningRecord {
  const noted: { readonly text: string; readonly proof: Omit<RememberedReasoning, "textHash"> }[] = []
  let text = ""
  return {
    push({ text: more = "", signature, redactedContent }) {
      text += more
      if (signature !== undefined) {
        noted.push({ text, proof: { signature } })
        text = ""
      }
      if (redactedContent !== undefined) noted.push({ text: "", proof: { redactedContent } })
    },
    entries: (toolUseIds) =>
      noted.map(({ text, proof }) => Object.assign({ textHash: hashReasoning(text), toolUseIds }, proof)),
  }
}
