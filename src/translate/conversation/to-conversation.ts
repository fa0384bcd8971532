import type { ChatMessage, ChatRequest, ContentPart } from "../../openai/index.ts"
import { canonical } from "./canonical.ts"
import { cleanSchema } from "./clean-schemas.ts"
import { isBlank, TEXT_SEPARATOR, textPart } from "./conversation.ts"
import type { AssistantTurn, Conversation, Turn, UserPart } from "./conversation.ts"
import { readArguments } from "./read-arguments.ts"
import { mediaLeftOut } from "./invented-words.ts"
import { readMedia } from "./read-media.ts"
import type { AcceptedMedia } from "./read-media.ts"
import { reasoningFor } from "./reasoning.ts"
import type { ReasoningLookup } from "./reasoning.ts"
import { ATTACHED_MEDIA } from "./spoken.ts"
import { checkToolBudget } from "./tool-budget.ts"

export interface ConversationOptions {
  readonly accepts: AcceptedMedia
  readonly reasoning?: ReasoningLookup
}

/**
 * What the request says, in canonical form. Runs once per fetch: it depends on the model, not on the account.
 * Throws `ChatRequestError` where the tools together are more than the service takes.
 */
export function toConversation(request: ChatRequest, options: ConversationOptions): Conversation {
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
  return canonical({
    system: leading
      .flatMap(textsOf)
      .filter((text) => !isBlank(text))
      .join(TEXT_SEPARATOR),
    turns: messages.slice(leading.length).map((message, index) => {
      const isOpen = leading.length + index > spoken
      return toTurn(message, { ...options, ...(isOpen ? {} : { reasoning: () => undefined }) })
    }),
    tools,
    toolNames: new Map(),
    userTurn: userTurnOf(messages, spoken),
  })
}

/** A message in the user's own words: it closes the tool loop before it. */
function isSpokenMessage(message: ChatMessage): boolean {
  return message.role === "user" && textsOf(message)[0] !== ATTACHED_MEDIA
}

function textsOf({ content }: ChatMessage): string[] {
  return content.flatMap((part) => (part.type === "text" ? [part.text] : []))
}

/** A system message inside the conversation stays in its place: moved to the front it would change the prefix. */
function toTurn(message: ChatMessage, options: ConversationOptions): Turn {
  switch (message.role) {
    case "system":
    case "user":
      return { role: "user", parts: toParts(message.content, options), results: [] }
    case "tool": {
      const text = textsOf(message).join(TEXT_SEPARATOR)
      const media = toParts(
        message.content.filter(({ type }) => type === "media"),
        options,
      )
      return { role: "user", parts: media, results: [{ id: message.toolCallId, status: "success", text }] }
    }
    case "assistant":
      return toAssistantTurn(message, options)
    default:
      return message satisfies never
  }
}

function toParts(content: readonly ContentPart[], { accepts }: ConversationOptions): UserPart[] {
  return content.map((part) => (part.type === "text" ? textPart(part.text) : readMedia(part, accepts)))
}

function toAssistantTurn(
  message: ChatMessage & { readonly role: "assistant" },
  options: ConversationOptions,
): AssistantTurn {
  const reasoning =
    options.reasoning === undefined
      ? undefined
      : reasoningFor({
          toolUseIds: message.toolCalls.map(({ id }) => id),
          text: message.reasoning,
          lookup: options.reasoning,
        })
  return {
    role: "assistant",
    texts: message.content.map((part) => (part.type === "text" ? part.text : mediaOfAssistant(part))),
    uses: message.toolCalls.map((call) => ({
      id: call.id,
      name: call.name,
      input: readArguments(call.arguments),
      argumentsText: call.arguments,
    })),
    ...(reasoning === undefined ? {} : { reasoning }),
  }
}

function mediaOfAssistant({ filename }: ContentPart & { readonly type: "media" }): string {
  return mediaLeftOut(filename ?? "Media", "only a message of the user can carry it")
}

/** How many messages the user wrote, and how the last begins: enough to tell one task from the next. */
function userTurnOf(messages: readonly ChatMessage[], spoken: number): string {
  const count = messages.filter(isSpokenMessage).length
  const last = messages[spoken]
  return `${count}:${last === undefined ? "" : textsOf(last).join(TEXT_SEPARATOR).slice(0, 1_000)}`
}
