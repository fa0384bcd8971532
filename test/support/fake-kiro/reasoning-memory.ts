import type { SignedReasoning } from "./reply.ts"

/** What the service remembers of the reasoning that it gave out: its text, and which model said it. */
export class ReasoningMemory {
  readonly #signed = new Map<string, { readonly text: string; readonly modelId: string | undefined }>()
  readonly #redacted = new Set<string>()

  remember(reasoning: SignedReasoning, modelId: string | undefined): void {
    if ("redactedContent" in reasoning) {
      this.#redacted.add(reasoning.redactedContent)
      return
    }
    this.#signed.set(reasoning.signature, { text: reasoning.text, modelId })
  }

  /** Byte for byte, and from the same model. */
  knows(reasoning: SignedReasoning, modelId: string | undefined): boolean {
    if ("redactedContent" in reasoning) return this.#redacted.has(reasoning.redactedContent)
    const sent = this.#signed.get(reasoning.signature)
    return sent !== undefined && sent.text === reasoning.text && sent.modelId === modelId
  }
}
