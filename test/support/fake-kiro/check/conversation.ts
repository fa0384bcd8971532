import type {
  AssistantResponseMessage,
  ChatMessage,
  ConversationState,
  ToolResult,
  ToolUse,
  UserInputMessage,
} from "@aws/codewhisperer-streaming-client"

/** A body whose shape was checked, with the names of the official client's types. Blobs are base64 still. */
export interface ChatRequestBody {
  readonly conversationState: ConversationState
  readonly profileArn?: string
  readonly additionalModelRequestFields?: unknown
}

export type Turn =
  | { readonly role: "user"; readonly message: UserInputMessage }
  | { readonly role: "assistant"; readonly message: AssistantResponseMessage }

export function historyOf(body: ChatRequestBody): Turn[] {
  return (body.conversationState.history ?? []).map(turnOf)
}

export function currentOf(body: ChatRequestBody): UserInputMessage {
  const message = body.conversationState.currentMessage?.userInputMessage
  if (message === undefined) throw new TypeError("the shape was not checked first")
  return message
}

/** All turns, the current message last. */
export function turnsOf(body: ChatRequestBody): Turn[] {
  return [...historyOf(body), { role: "user", message: currentOf(body) }]
}

export function userMessagesOf(body: ChatRequestBody): UserInputMessage[] {
  return turnsOf(body).flatMap((turn) => (turn.role === "user" ? [turn.message] : []))
}

export function assistantMessagesOf(body: ChatRequestBody): AssistantResponseMessage[] {
  return historyOf(body).flatMap((turn) => (turn.role === "assistant" ? [turn.message] : []))
}

export const toolUsesOf = (turn: Turn | undefined): readonly ToolUse[] =>
  turn?.role === "assistant" ? (turn.message.toolUses ?? []) : []

export const toolResultsOf = (turn: Turn | undefined): readonly ToolResult[] =>
  turn?.role === "user" ? (turn.message.userInputMessageContext?.toolResults ?? []) : []

function turnOf(message: ChatMessage): Turn {
  if (message.userInputMessage) return { role: "user", message: message.userInputMessage }
  if (message.assistantResponseMessage)
    return { role: "assistant", message: message.assistantResponseMessage }
  throw new TypeError("the shape was not checked first")
}
