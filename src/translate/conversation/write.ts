import { createHash } from "node:crypto"
import { present } from "../../json.ts"
import {
  ORIGIN,
  type AssistantResponseMessage,
  type CachePoint,
  type ConversationState,
  type ReasoningContent,
  type Tool,
  type UserInputMessage,
} from "../../kiro/index.ts"
import type { ReasoningBlock } from "../../openai/index.ts"
import { canonical } from "./canonical.ts"
import {
  TEXT_SEPARATOR,
  joinTexts,
  textOf,
  type AssistantTurn,
  type Conversation,
  type ToolDeclaration,
  type UserTurn,
} from "./conversation.ts"
import { limitSizes, SMALL_WINDOW } from "./limits.ts"
import { shorten } from "./shorten.ts"
import { estimateTokens, sizeOfTurn, tokensOf } from "./size.ts"

export interface SendableOptions {
  /** Nothing was left out of what `toConversation` gave: it is canonical as it is. */
  readonly isWhole?: boolean
  /** Stands at the very start of the system prompt: the tags of a model that thinks by prompt. */
  readonly systemPrefix?: string
  /** What the service gives the model, in tokens. */
  readonly serviceWindow: number
  /** The estimated tokens to shorten to, of those that would be sent. */
  readonly shortenTo?: (tokens: number) => number
  /** Smaller as a whole was not enough: it may be one message that is too long. */
  readonly isLastTry?: boolean
}

/** The conversation as it may go to a model: canonical, whatever was done to it, and no text longer than it takes. */
export function toSendable(conversation: Conversation, options: SendableOptions): Conversation {
  const { isWhole = false, systemPrefix = "", serviceWindow, shortenTo, isLastTry = false } = options
  const system = joinTexts([systemPrefix, conversation.system])
  const isCanonical = isWhole && system === conversation.system
  const whole = limitSizes(isCanonical ? conversation : canonical({ ...conversation, system }), serviceWindow)
  if (shortenTo === undefined) return whole
  const shorter = shorten(whole, shortenTo(estimateTokens(whole)))
  const sendable = shorter === whole ? whole : canonical(shorter)
  return limitSizes(sendable, isLastTry ? SMALL_WINDOW : serviceWindow)
}

export interface WireOptions {
  readonly wireModelId: string
  readonly conversationId: string
  /** The most cache points that the model takes. */
  readonly cachePoints: number
}

const CACHE_POINT: CachePoint = { type: "default" }

/** Decides nothing: a sendable conversation in the names of the wire. */
export function toConversationState(conversation: Conversation, options: WireOptions): ConversationState {
  const { turns, system, tools } = conversation
  const cached = cachePointTurns(conversation, options.cachePoints)
  const cachePointAt = (index: number): { cachePoint?: CachePoint } =>
    cached.has(index) ? { cachePoint: CACHE_POINT } : {}
  const userMessageAt = (turn: UserTurn, index: number): UserInputMessage => ({
    ...userMessage(turn, { modelId: options.wireModelId, system: index === 0 ? system : "" }),
    ...cachePointAt(index),
  })
  const last = turns.length - 1
  const current = turns[last]
  if (current?.role !== "user") throw new TypeError("a canonical conversation ends with a user turn")
  return {
    chatTriggerType: "MANUAL",
    conversationId: options.conversationId,
    agentContinuationId: agentContinuationIdOf(options.conversationId, conversation.userTurn),
    agentTaskType: "vibe",
    history: turns
      .slice(0, last)
      .map((turn, index) =>
        turn.role === "user"
          ? { userInputMessage: userMessageAt(turn, index) }
          : { assistantResponseMessage: assistantMessage(turn) },
      ),
    currentMessage: { userInputMessage: withTools(userMessageAt(current, last), tools) },
  }
}

/** The system prompt has no field: it stands before the first message, in every turn, with the same bytes. */
function userMessage(
  { parts, results }: UserTurn,
  { modelId, system }: { readonly modelId: string; readonly system: string },
): UserInputMessage {
  const images = parts.flatMap((part) =>
    part.type === "image" ? [{ format: part.format, source: { bytes: part.bytes } }] : [],
  )
  const documents = parts.flatMap((part) =>
    part.type === "document" ? [{ name: part.name, format: part.format, source: { bytes: part.bytes } }] : [],
  )
  const toolResults = results.map(({ id, status, text }) => ({ toolUseId: id, status, content: [{ text }] }))
  return {
    content: joinTexts([system, textOf(parts)]),
    modelId,
    origin: ORIGIN,
    ...(images.length > 0 ? { images } : {}),
    ...(documents.length > 0 ? { documents } : {}),
    ...(toolResults.length > 0 ? { userInputMessageContext: { toolResults } } : {}),
  }
}

/** Tools stand on the current message only: in the history the service refuses them. */
function withTools(message: UserInputMessage, tools: readonly ToolDeclaration[]): UserInputMessage {
  if (tools.length === 0) return message
  const context = { ...message.userInputMessageContext, tools: tools.map(toTool) }
  return { ...message, userInputMessageContext: context }
}

function toTool({ name, description, schema }: ToolDeclaration): Tool {
  return { toolSpecification: { name, description, inputSchema: { json: schema.json } } }
}

function assistantMessage({ texts, uses, reasoning }: AssistantTurn): AssistantResponseMessage {
  const toolUses = uses.map(({ id, name, input }) => ({ toolUseId: id, name, input }))
  return {
    content: texts.join(TEXT_SEPARATOR),
    ...(toolUses.length > 0 ? { toolUses } : {}),
    ...present({ reasoningContent: reasoning && reasoningContent(reasoning) }),
  }
}

function reasoningContent({ text, signature, redacted }: ReasoningBlock): ReasoningContent {
  if (redacted !== undefined) return { redactedContent: redacted }
  return { reasoningText: { text, ...present({ signature }) } }
}

/** A shorter prefix is not cached ("minimumTokensPerCacheCheckpoint"). */
const MIN_CACHED_TOKENS = 1_024

/**
 * Two of the four points that a request may have: the first message, with the system prompt, and the newest. Both are
 * properties of the prefix or stand behind it, so the history of one turn stands unchanged in the next; the service
 * looks back from the newest point to what earlier turns wrote. Never in `tools`, where the service refuses them.
 */
function cachePointTurns({ system, turns }: Conversation, most: number): ReadonlySet<number> {
  const ends = [...new Set([turns.length - 1, 0])].slice(0, most)
  return new Set(ends.filter(isLongEnough))

  function isLongEnough(end: number): boolean {
    let tokens = tokensOf(system)
    for (let index = 0; index <= end && tokens < MIN_CACHED_TOKENS; index += 1) {
      const turn = turns[index]
      if (turn !== undefined) tokens += sizeOfTurn(turn)
    }
    return tokens >= MIN_CACHED_TOKENS
  }
}

/** The namespace of this package's name-based UUIDs. */
const NAMESPACE = Buffer.from("6f0f6a0c1f5b4d0b9a3c2a5d8e7b4c19", "hex")

/**
 * The same id for the same conversation in every process. A higher generation is a new conversation for the service,
 * which it asks for with CONVERSATION_LIMIT_EXCEEDED. A subagent has a session of its own.
 */
export function conversationIdOf({
  sessionId,
  purpose,
  generation,
}: {
  readonly sessionId: string
  readonly purpose: "main" | "title" | "compaction"
  readonly generation: number
}): string {
  return nameBasedUuid(`conversation/${sessionId}/${purpose}/${generation}`)
}

/** The same id for all steps that answer one message of the user. */
function agentContinuationIdOf(conversationId: string, userTurn: string): string {
  return nameBasedUuid(`continuation/${conversationId}/${userTurn}`)
}

/** RFC 9562 §5.5. */
function nameBasedUuid(name: string): string {
  const hex = createHash("sha1").update(NAMESPACE).update(name).digest("hex")
  const variant = (Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant.toString(16)}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
