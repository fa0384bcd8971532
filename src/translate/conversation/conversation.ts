/**
 * What was said, between the two wires. Every step over it is a pure `Conversation → Conversation`; the last of
 * them, `canonical`, makes any conversation acceptable to Kiro.
 */

import type { JsonObject } from "../../json.ts"
import type { DocumentFormat, ImageFormat } from "../../kiro/index.ts"
import type { ReasoningBlock } from "../../openai/index.ts"

export interface Conversation {
  /** A slot of its own, so that no step over the turns can lose it. */
  readonly system: string
  readonly turns: readonly Turn[]
  readonly tools: readonly ToolDeclaration[]
  /** The name on the wire → the name that OpenCode knows. */
  readonly toolNames: ReadonlyMap<string, string>
  /** The same for all steps that answer one message of the user, another for the next message. */
  readonly userTurn: string
}

export type Turn = UserTurn | AssistantTurn

export interface UserTurn {
  readonly role: "user"
  readonly parts: readonly UserPart[]
  readonly results: readonly TurnResult[]
}

export type UserPart = TextPart | ImagePart | DocumentPart

export interface TextPart {
  readonly type: "text"
  readonly text: string
}

/** `bytes` is base64. */
export interface ImagePart {
  readonly type: "image"
  readonly format: ImageFormat
  readonly bytes: string
}

/** `bytes` is base64; `filename` is what the user calls it, `name` what the wire allows. */
export interface DocumentPart {
  readonly type: "document"
  readonly name: string
  readonly filename: string
  readonly format: DocumentFormat
  readonly bytes: string
}

export interface AssistantTurn {
  readonly role: "assistant"
  readonly texts: readonly string[]
  readonly uses: readonly TurnUse[]
  /** The one block that a message has room for, with its proof. */
  readonly reasoning?: ReasoningBlock
}

/** A tool call (OpenAI) on its way to a tool use (Kiro). */
export interface TurnUse {
  readonly id: string
  readonly name: string
  readonly input: JsonObject
  /** The arguments as the model wrote them. */
  readonly argumentsText: string
}

export interface TurnResult {
  readonly id: string
  readonly status: "success" | "error"
  readonly text: string
}

export interface ToolDeclaration {
  readonly name: string
  readonly description: string
  readonly schema: JsonObject
}

/** Whitespace alone counts as nothing for the service. */
export function isBlank(text: string): boolean {
  return !/\S/.test(text)
}

export function textPart(text: string): TextPart {
  return { type: "text", text }
}

/** Stands where two texts meet that came apart, so that no two words are glued together. */
export const TEXT_SEPARATOR = "\n\n"

/** Blank texts say nothing and leave no gap. */
export function joinTexts(texts: readonly string[]): string {
  return texts.filter((text) => !isBlank(text)).join(TEXT_SEPARATOR)
}

export function textOf(parts: readonly UserPart[]): string {
  return joinTexts(parts.map((part) => (part.type === "text" ? part.text : "")))
}
