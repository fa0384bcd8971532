import type { ChatMessage, ChatRequest } from "../../openai/index.ts"
import { canonical } from "./canonical.ts"
import { cleanSchema } from "./clean-schemas.ts"
import { joinTexts } from "./conversation.ts"
import type { Conversation } from "./conversation.ts"
import { limitTurns } from "./limit-turns.ts"
import type { AcceptedMedia } from "./read-media.ts"
import { createReasoningReplay } from "./reasoning.ts"
import type { SignedReasoning } from "./reasoning.ts"
import { isSpokenMessage } from "./spoken.ts"
import { textsOf, toTurn } from "./to-turn.ts"
import { checkToolBudget } from "./tool-budget.ts"

export interface ConversationOptions {
  readonly accepts: AcceptedMedia
  /** What is remembered of this session's reasoning. */
  readonly reasoning?: readonly SignedReasoning[]
}

/**
 * What the request says, in canonical form. Runs once per fetch: it depends on the model, not on the account.
 * Throws `ChatRequestError` where the tools together are more than the service takes.
 */
export function toConversation(request: ChatRequest, options: ConversationOptions): Conversation {
  const conversation = canonical(readConversation(request, options))
  const limited = limitTurns(conversation)
  return limited === conversation ? conversation : canonical(limited)
}

/** One turn for each message, as it came: not yet in canonical form. */
export function readConversation(request: ChatRequest, options: ConversationOptions): Conversation {
  const { messages } = request
  const tools = request.tools.map(({ name, description, parameters }) => ({
    name,
    description,
    schema: cleanSchema(parameters),
  }))
  checkToolBudget(tools)
  const begin = messages.findIndex((message) => message.role !== "system")
  const leading = messages.slice(0, begin === -1 ? messages.length : begin)
  const spoken = messages.findLastIndex(isSpokenMessage)
  const replayOpen = createReasoningReplay(options.reasoning ?? [])
  return {
    system: joinTexts(leading.flatMap(textsOf)),
    turns: messages.slice(leading.length).map((message, index) => {
      const isOpen = leading.length + index > spoken
      return toTurn(message, { accepts: options.accepts, replay: isOpen ? replayOpen : () => undefined })
    }),
    tools,
    toolNames: new Map(),
    userTurn: userTurnOf(messages, spoken),
  }
}

/** How many messages the user wrote, and how the last begins: enough to tell one task from the next. */
function userTurnOf(messages: readonly ChatMessage[], spoken: number): string {
  const count = messages.filter(isSpokenMessage).length
  return `${count}:${joinTexts(messages.slice(spoken, spoken + 1).flatMap(textsOf)).slice(0, 1_000)}`
}
