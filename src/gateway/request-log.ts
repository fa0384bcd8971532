import type { ChatMessage, GenerateAssistantResponseRequest, KiroHttpRequest } from "../kiro/index.ts"
import type { LogFields } from "../runtime.ts"

/** What the detailed log says of a request: everything but the token, and the conversation only when asked for. */
export function describeRequest(
  { url, headers, body: text }: KiroHttpRequest,
  { body, prompts }: { readonly body: GenerateAssistantResponseRequest; readonly prompts: boolean },
): LogFields {
  const { authorization: _, ...shown } = headers
  return { url, headers: shown, bytes: text.length, ...(prompts ? { body: text } : { shape: shapeOf(body) }) }
}

/** A line of the log has an end: of a long conversation the latest messages are shown. */
const LATEST = 100

/** The form of a conversation without a word of it: what a report about a refused form needs. */
export function shapeOf({ conversationState, ...rest }: GenerateAssistantResponseRequest): LogFields {
  const { history, currentMessage } = conversationState
  const context = currentMessage.userInputMessage.userInputMessageContext
  return {
    modelId: currentMessage.userInputMessage.modelId,
    fields: Object.keys(rest.additionalModelRequestFields ?? {}),
    profile: rest.profileArn !== undefined,
    tools: (context?.tools ?? []).map(({ toolSpecification: { name, description, inputSchema } }) => ({
      name,
      description: description.length,
      schema: JSON.stringify(inputSchema.json).length,
    })),
    messages: history.length + 1,
    latest: [...history, currentMessage].slice(-LATEST).map(messageShape),
  }
}

function messageShape(message: ChatMessage): LogFields {
  if ("assistantResponseMessage" in message) {
    const { content, toolUses = [], reasoningContent } = message.assistantResponseMessage
    return {
      role: "assistant",
      characters: content.length,
      toolUses: toolUses.map(({ toolUseId, name }) => `${name} ${toolUseId}`),
      reasoning: reasoningContent !== undefined,
    }
  }
  const { content, images = [], documents = [], userInputMessageContext } = message.userInputMessage
  return {
    role: "user",
    characters: content.length,
    toolResults: (userInputMessageContext?.toolResults ?? []).map(({ toolUseId }) => toolUseId),
    images: images.map(({ format }) => format),
    documents: documents.map(({ format }) => format),
  }
}
