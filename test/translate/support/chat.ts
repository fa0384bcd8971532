import type {
  AssistantResponseMessage,
  ConversationState,
  UserInputMessage,
} from "../../../src/kiro/index.ts"
import { readChatRequest, type ReasoningBlock } from "../../../src/openai/index.ts"
import { toConversation, toConversationState, toSendable } from "../../../src/translate/index.ts"
import type {
  Conversation,
  ConversationOptions,
  SendableOptions,
  WireOptions,
} from "../../../src/translate/index.ts"
import { checkChatRequest, type Refusal } from "../../support/fake-kiro/check/index.ts"
import { FAKE_MODELS } from "../../support/fake-kiro/models.ts"

const BASH = { type: "function", function: { name: "bash", description: "Run a command", parameters: {} } }

export interface Chat extends Partial<ConversationOptions> {
  readonly messages: readonly unknown[]
  readonly tools?: readonly unknown[]
  /** What the answers of the model thought, as a host gives it that keeps the proofs. */
  readonly blocks?: readonly ReasoningBlock[]
}

export function conversationOf({ messages, tools = [BASH], blocks, ...options }: Chat): Conversation {
  const request = readChatRequest({ model: "claude-sonnet-4-5", messages, tools, stream: true })
  const thought = request.messages.map((message) =>
    message.role === "assistant" && blocks !== undefined ? { ...message, reasoning: blocks } : message,
  )
  return toConversation(
    { ...request, messages: thought },
    {
      accepts: { images: true, documents: true },
      serviceWindow: 200_000,
      wireModelId: "claude-sonnet-4.5",
      ...options,
    },
  )
}

export function stateOf(chat: Chat, options: Partial<SendableOptions & WireOptions> = {}): ConversationState {
  return toConversationState(toSendable(conversationOf(chat), { serviceWindow: 200_000, ...options }), {
    wireModelId: "claude-sonnet-4.5",
    conversationId: "c0ffee00-1111-4222-8333-444455556666",
    cachePoints: 0,
    ...options,
  })
}

/** What the service would say against a chat with this conversation, of whose reasoning it knows none. */
export function refusalOf(conversationState: object): Refusal | undefined {
  const body: unknown = JSON.parse(JSON.stringify({ conversationState }))
  return checkChatRequest(body, { models: FAKE_MODELS, knowsSignature: () => false })
}

/** The user's messages, the current one last. */
export function userMessages({ history, currentMessage }: ConversationState): UserInputMessage[] {
  return [...history, currentMessage].flatMap((message) =>
    "userInputMessage" in message ? [message.userInputMessage] : [],
  )
}

export function assistantMessages({ history }: ConversationState): AssistantResponseMessage[] {
  return history.flatMap((message) =>
    "assistantResponseMessage" in message ? [message.assistantResponseMessage] : [],
  )
}

export function call(id: string, args = "{}", name = "bash"): object {
  return { id, type: "function", function: { name, arguments: args } }
}

export function asks(...calls: readonly object[]): object {
  return { role: "assistant", content: "", tool_calls: calls }
}

export function says(content: unknown): object {
  return { role: "user", content }
}

export function answers(content: string): object {
  return { role: "assistant", content }
}

export function result(id: string, content: unknown): object {
  return { role: "tool", tool_call_id: id, content }
}
