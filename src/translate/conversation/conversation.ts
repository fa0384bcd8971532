/**
 * What was said, between the two wires. Every step over it is a pure `Conversation → Conversation`; the last of
 * them, `canonical`, makes any conversation acceptable to Kiro.
 */

import { isObject, type JsonObject } from "../../json.ts"
import type { DocumentFormat, ImageFormat } from "../../kiro/index.ts"
import type { ChatMessage, ReasoningBlock } from "../../openai/index.ts"

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
  /** Holds words of the user's own: it begins an exchange. Any other is a step of a tool loop, or a word of the host. */
  readonly spoken: boolean
  readonly parts: readonly UserPart[]
  readonly results: readonly TurnResult[]
}

export type UserPart = TextPart | Medium

export type Medium = ImagePart | DocumentPart

export interface TextPart {
  readonly type: "text"
  readonly text: string
  /** What a tool returned, where no tool may be named. */
  readonly isResult?: true
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
  readonly schema: ToolSchema
}

/** `text` is its JSON, which is counted several times. */
export interface ToolSchema {
  readonly json: JsonObject
  readonly text: string
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

/** OpenCode 1.18 sends what a tool returned beside its text in a user message that begins so. */
const ATTACHED_MEDIA = "Attached media from tool result:"

/**
 * What OpenCode 2 says in the user's name by itself: that instructions have changed, within an open tool loop too, or
 * the folder, that something in the background has ended, and, behind an answer that broke off, that it is to go on.
 */
const SAID_BY_HOST: readonly RegExp[] = [
  /^\s*<(system-update|subagent|shell)\b[^]*<\/\1>\s*$/,
  /^The working directory has been changed to .*\.$/,
  /^The previous response was interrupted\. Continue from where you left off[^.\n]*\.$/,
]

/** A message in the user's own words: it closes the tool loop before it. */
export function isSpokenMessage(message: ChatMessage): boolean {
  if (message.role !== "user") return false
  const texts = message.content.flatMap((part) => (part.type === "text" ? [part.text] : []))
  if (texts.length === 0) return true
  // Behind its first words anything may stand: also what OpenCode puts in the place of a picture.
  const isOfHost = (text: string): boolean => SAID_BY_HOST.some((words) => words.test(text))
  return texts[0] !== ATTACHED_MEDIA && !texts.every(isOfHost)
}

export function isSpoken(turn: Turn | undefined): turn is UserTurn {
  return turn?.role === "user" && turn.spoken
}

/** With this question OpenCode 1.18 begins a compacted conversation; the answer to it is the summary. */
const BEFORE_SUMMARY = "What did we do so far?"

/** How many turns, from the first on, say what the conversation is about. */
export function lengthOfTask([first, second]: readonly Turn[]): number {
  if (first?.role !== "user" || textOf(first.parts) !== BEFORE_SUMMARY) return 1
  return second?.role === "assistant" && second.uses.length === 0 ? 2 : 1
}

/** Deeper values are cut: a serialiser's stack has an end. */
const MAX_DEPTH = 200

/** The value with every lone surrogate, which makes a body invalid for the service, replaced by U+FFFD. */
export function wellFormed(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.toWellFormed()
  if (depth > MAX_DEPTH) return null
  if (Array.isArray(value)) return value.map((item) => wellFormed(item, depth + 1))
  if (!isObject(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key.toWellFormed(), wellFormed(item, depth + 1)]))
}
