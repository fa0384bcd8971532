import type { ConversationState } from "../../kiro/index.ts"
import { canonical } from "./canonical.ts"
import { joinTexts } from "./conversation.ts"
import type { Conversation } from "./conversation.ts"
import { limitSizes } from "./limit-sizes.ts"
import { writeConversationState } from "./write-conversation-state.ts"
import type { WireOptions } from "./write-conversation-state.ts"

export interface ConversationStateOptions extends WireOptions {
  /** Stands at the very start of the system prompt: the tags of a model that thinks by prompt. */
  readonly systemPrefix?: string
  /** What the service gives the model, in tokens. */
  readonly serviceWindow: number
}

/** The last step before the wire: makes the conversation canonical, whatever was done to it, and writes it down. */
export function toConversationState(
  conversation: Conversation,
  options: ConversationStateOptions,
): ConversationState {
  const system = joinTexts([options.systemPrefix ?? "", conversation.system])
  const sent = limitSizes(canonical({ ...conversation, system }), options.serviceWindow)
  return writeConversationState(sent, options)
}
