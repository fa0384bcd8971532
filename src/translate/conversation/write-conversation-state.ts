import { ORIGIN } from "../../kiro/index.ts"
import type {
  AssistantResponseMessage,
  CachePoint,
  ConversationState,
  ReasoningContent,
  Tool,
  UserInputMessage,
} from "../../kiro/index.ts"
import type { ReasoningBlock } from "../../openai/index.ts"
import { cachePointTurns } from "./cache-points.ts"
import { agentContinuationIdOf } from "./conversation-id.ts"
import { joinTexts, TEXT_SEPARATOR, textOf } from "./conversation.ts"
import type { AssistantTurn, Conversation, ToolDeclaration, UserTurn } from "./conversation.ts"

export interface WireOptions {
  readonly wireModelId: string
  readonly conversationId: string
  /** The most cache points that the model takes. */
  readonly cachePoints: number
}

const CACHE_POINT: CachePoint = { type: "default" }

/** Decides nothing: a canonical conversation in the names of the wire. */
export function writeConversationState(conversation: Conversation, options: WireOptions): ConversationState {
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
  return { toolSpecification: { name, description, inputSchema: { json: schema } } }
}

function assistantMessage({ texts, uses, reasoning }: AssistantTurn): AssistantResponseMessage {
  const toolUses = uses.map(({ id, name, input }) => ({ toolUseId: id, name, input }))
  return {
    content: texts.join(TEXT_SEPARATOR),
    ...(toolUses.length > 0 ? { toolUses } : {}),
    ...(reasoning === undefined ? {} : { reasoningContent: reasoningContent(reasoning) }),
  }
}

function reasoningContent({ text, signature, redacted }: ReasoningBlock): ReasoningContent {
  if (redacted !== undefined) return { redactedContent: redacted }
  return { reasoningText: { text, ...(signature === undefined ? {} : { signature }) } }
}
