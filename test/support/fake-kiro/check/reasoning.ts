import type { ReasoningContent } from "@aws/codewhisperer-streaming-client"
import { assistantMessagesOf, currentOf } from "./conversation.ts"
import { refuse, type CheckContext, type Rule } from "./rule.ts"

/** Reasoning in the history is byte for byte what this model once said, with its own signature. */
export const checkReasoning: Rule = (body, context) => {
  const { modelId } = currentOf(body)
  const given = assistantMessagesOf(body).flatMap(({ reasoningContent }) => reasoningContent ?? [])
  return given.every((reasoning) => isKnown(reasoning, modelId, context))
    ? undefined
    : refuse("Invalid `signature` in `thinking` block", "THINKING_SIGNATURE_INVALID")
}

function isKnown(reasoning: ReasoningContent, modelId: string | undefined, context: CheckContext): boolean {
  if (reasoning.reasoningText) {
    const { text = "", signature } = reasoning.reasoningText
    return signature !== undefined && context.knowsSignature({ text, signature }, modelId)
  }
  // As received: base64 where the client's type has bytes.
  return context.knowsSignature({ redactedContent: String(reasoning.redactedContent) }, modelId)
}
