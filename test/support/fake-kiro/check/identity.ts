import { userMessagesOf } from "./conversation.ts"
import { refuse, type Rule } from "./rule.ts"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const checkConversationId: Rule = ({ conversationState: { conversationId } }) =>
  conversationId === undefined || UUID.test(conversationId)
    ? undefined
    : refuse("Invalid conversationId.", "INVALID_CONVERSATION_ID")

/** Every model that the conversation names, in history too, is one that the account may use. */
export const checkModelId: Rule = (body, { models }) => {
  const named = userMessagesOf(body).flatMap(({ modelId }) => modelId ?? [])
  return named.every((modelId) => models.some((model) => model.modelId === modelId))
    ? undefined
    : refuse("Invalid model. Please select a different model to continue.", "INVALID_MODEL_ID")
}
