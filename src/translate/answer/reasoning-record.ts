import type { KiroEvent } from "../../kiro/index.ts"
import { hashReasoning, type RememberedReasoning } from "../conversation/reasoning.ts"

/** A part of the model's reasoning that the service wants back, unchanged, while the tool loop is open. */
export interface SignedReasoning extends RememberedReasoning {
  /** The calls of the same answer. */
  readonly toolUseIds: readonly string[]
}

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
