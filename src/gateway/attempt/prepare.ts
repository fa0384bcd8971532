import {
  chooseThinking,
  type GenerateAssistantResponseRequest,
  type KiroModel,
  refusedFields,
  type RequestField,
  requestFields,
  type RequestFields,
  type ThinkingPlan,
} from "../../kiro/index.ts"
import {
  type Conversation,
  conversationIdOf,
  estimateTokens,
  toConversationState,
  toSendable,
  withoutDocuments,
  withoutImages,
  withoutSignatures,
} from "../../translate/index.ts"
import type { Attempt, Omission } from "./attempt.ts"
import type { Chat } from "../chat.ts"
import type { Carried } from "../recover/decide.ts"
import { shortenTarget } from "../recover/shortening.ts"

/** The body of one attempt, and what is known of it without looking at it again. */
export interface Prepared {
  readonly body: GenerateAssistantResponseRequest
  readonly estimatedTokens: number
  readonly plan: ThinkingPlan
  readonly fields: RequestFields | undefined
  readonly conversation: Conversation
}

/** What the chat says, in the form that this attempt may still have, for this account's model. */
export function prepare(wanted: {
  readonly chat: Chat
  readonly attempt: Attempt
  readonly model: KiroModel
  readonly profileArn: string | undefined
}): Prepared {
  const { chat, attempt, model, profileArn } = wanted
  const { request, purpose, sessionId } = chat
  const { step } = attempt
  const { serviceWindow } = model
  const plan = chooseThinking(model, { ...request, purpose })
  const fields = requestFields({ model, plan, maxTokens: request.maxTokens })
  const cached = purpose === "main" || purpose === "generate"
  const generation = chat.session.generation + (attempt.newConversation ? 1 : 0)
  const conversation = toSendable(attempt.omitted.reduce(without, chat.conversation), {
    serviceWindow,
    ...(plan.mode === "tags" && { systemPrefix: plan.systemPrefix }),
    ...(step !== undefined && { shortenTo: (size) => shortenTarget({ step, size, window: serviceWindow }) }),
  })
  const conversationState = toConversationState(conversation, {
    wireModelId: model.wireId,
    conversationId: conversationIdOf({ sessionId, purpose: cached ? "main" : purpose, generation }),
    // A title or a compaction is asked once: nobody reads what it would write to the cache.
    cachePoints: cached ? model.cachePoints : 0,
  })
  return {
    body: {
      conversationState,
      ...(profileArn !== undefined && { profileArn }),
      ...(fields !== undefined && { additionalModelRequestFields: fields }),
    },
    estimatedTokens: estimateTokens(conversation),
    plan,
    fields,
    conversation,
  }
}

function without(conversation: Conversation, omission: Omission): Conversation {
  switch (omission) {
    case "signatures":
      return withoutSignatures(conversation)
    case "documents":
      return withoutDocuments(conversation)
    case "images":
      return withoutImages(conversation)
    default:
      // A field of the request: the model is taken as one that has none.
      omission satisfies RequestField
      return conversation
  }
}

/** What a refused request carried that it could do without. */
export function carriedBy({ conversation, fields }: Prepared, message: string): Carried {
  const turns = conversation.turns
  const has = (type: "document" | "image"): boolean =>
    turns.some((turn) => turn.role === "user" && turn.parts.some((part) => part.type === type))
  const signed = turns.some((turn) => turn.role === "assistant" && turn.reasoning !== undefined)
  return {
    signatures: signed ? ["signatures"] : [],
    documents: has("document") ? ["documents"] : [],
    images: has("image") ? ["images"] : [],
    fields: refusedFields(fields, message),
  }
}
