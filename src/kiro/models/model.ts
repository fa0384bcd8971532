import type { FieldSchema } from "./field-schema.ts"

export type ModelInput = "text" | "image" | "pdf"

/**
 * How a model is made to think: by request fields of its own schema, by tags at the head of the system prompt, or not
 * at all.
 */
export type ThinkingKind = "native" | "tags" | "none"

/** One model as OpenCode's user knows it, with what the service gives it. All sizes in tokens. */
export interface KiroModel {
  /** The public id, with dashes. */
  readonly id: string
  /** The id on the wire, with dots. */
  readonly wireId: string
  readonly name: string
  /** OpenCode picks its small model by family: `claude-haiku`. */
  readonly family: string
  /** The limit offered to OpenCode. */
  readonly contextWindow: number
  /** The window that the service gives the model: what its context percentage is a percentage of. */
  readonly serviceWindow: number
  readonly maxOutputTokens: number
  readonly input: readonly ModelInput[]
  /** The most cache points of one request; 0 where the model takes none. */
  readonly cachePoints: number
  readonly fieldSchema?: FieldSchema
  readonly thinking: ThinkingKind
  /** Thinks unless told otherwise: a `-thinking` id. */
  readonly thinksByDefault: boolean
  /** How variants are spelled: thinking budgets on the models older plugins offered, efforts of the schema elsewhere. */
  readonly variants: "budgets" | "efforts"
  /** Credits of a request relative to the `auto` model. */
  readonly rate?: number
}
