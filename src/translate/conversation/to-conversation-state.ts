import { ORIGIN } from "../../kiro/index.ts"
import type {
  AssistantResponseMessage,
  CachePoint,
  ChatMessage,
  ConversationState,
  Tool,
  UserInputMessage,
} from "../../kiro/index.ts"
import { cachePointTurns } from "./cache-points.ts"
import { canonical } from "./canonical.ts"
import { agentContinuationIdOf } from "./conversation-id.ts"
import { isBlank, TEXT_SEPARATOR, textOf } from "./conversation.ts"
import type { AssistantTurn, Conversation, UserTurn } from "./conversation.ts"

export interface ConversationStateOptions {
  readonly wireModelId: string
  readonly conversationId: string
  /** Stands at the very start of the system prompt: the tags of a model that thinks by prompt. */
  readonly systemPrefix?: string
  /** The most cache points that the model takes. */
  readonly cachePoints: number
}

const CACHE_POINT: CachePoint = { type: "default" }

/** The last step before the wire: makes the conversation canonical and writes it down. */
export function toConversationState(
  conversation: Conversation,
  options: ConversationStateOptions,
): ConversationState {
  const { conversationId, systemPrefix = "" } = options
  const system = joined(systemPrefix, conversation.system)
  const sent = canonical({ ...conversation, system })
  const points = cachePointTurns(sent, options.cachePoints)
  const last = sent.turns.length - 1
  const history = sent.turns.slice(0, last).map((turn, index): ChatMessage => {
    const point = points.has(index) ? { cachePoint: CACHE_POINT } : {}
    if (turn.role === "assistant")
      return { assistantResponseMessage: { ...assistantMessage(turn), ...point } }
    return {
      userInputMessage: {
        ...userMessage({ turn, options, system: index === 0 ? sent.system : "" }),
        ...point,
      },
    }
  })
  const current = sent.turns[last]
  if (current?.role !== "user") throw new TypeError("a canonical conversation ends with a user turn")
  return {
    chatTriggerType: "MANUAL",
    conversationId,
    agentContinuationId: agentContinuationIdOf(conversationId, sent.userTurn),
    agentTaskType: "vibe",
    history,
    currentMessage: {
      userInputMessage: {
        ...userMessage({
          turn: current,
          options,
          system: last === 0 ? sent.system : "",
          tools: sent.tools.map(toTool),
        }),
        ...(points.has(last) ? { cachePoint: CACHE_POINT } : {}),
      },
    },
  }
}

/** The system prompt has no field: it stands before the first message, in every turn, with the same bytes. */
function userMessage({
  turn,
  options,
  system,
  tools = [],
}: {
  readonly turn: UserTurn
  readonly options: ConversationStateOptions
  readonly system: string
  readonly tools?: readonly Tool[]
}): UserInputMessage {
  const images = turn.parts.flatMap((part) =>
    part.type === "image" ? [{ format: part.format, source: { bytes: part.bytes } }] : [],
  )
  const documents = turn.parts.flatMap((part) =>
    part.type === "document" ? [{ name: part.name, format: part.format, source: { bytes: part.bytes } }] : [],
  )
  const toolResults = turn.results.map(({ id, status, text }) => ({
    toolUseId: id,
    status,
    content: [{ text }],
  }))
  const context = {
    ...(toolResults.length > 0 ? { toolResults } : {}),
    ...(tools.length > 0 ? { tools } : {}),
  }
  return {
    content: joined(system, textOf(turn.parts)),
    modelId: options.wireModelId,
    origin: ORIGIN,
    ...(images.length > 0 ? { images } : {}),
    ...(documents.length > 0 ? { documents } : {}),
    ...(Object.keys(context).length > 0 ? { userInputMessageContext: context } : {}),
  }
}

function assistantMessage({ texts, uses, reasoning }: AssistantTurn): AssistantResponseMessage {
  const toolUses = uses.map(({ id, name, input }) => ({ toolUseId: id, name, input }))
  return {
    content: texts.join(TEXT_SEPARATOR),
    ...(toolUses.length > 0 ? { toolUses } : {}),
    ...(reasoning === undefined ? {} : { reasoningContent: reasoning }),
  }
}

function toTool({ name, description, schema }: Conversation["tools"][number]): Tool {
  return { toolSpecification: { name, description, inputSchema: { json: schema } } }
}

function joined(...texts: readonly string[]): string {
  return texts.filter((text) => !isBlank(text)).join(TEXT_SEPARATOR)
}
