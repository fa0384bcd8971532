import type { ChatMessage, ContentPart } from "../../openai/index.ts"
import { TEXT_SEPARATOR, textPart } from "./conversation.ts"
import type { AssistantTurn, Turn, UserPart } from "./conversation.ts"
import { mediaLeftOut } from "./invented-words.ts"
import { readArguments } from "./read-arguments.ts"
import { readMedia } from "./read-media.ts"
import type { AcceptedMedia } from "./read-media.ts"
import type { ReasoningReplay } from "./reasoning.ts"

export interface TurnOptions {
  readonly accepts: AcceptedMedia
  readonly replay: ReasoningReplay
}

/** A system message inside the conversation stays in its place: moved to the front it would change the prefix. */
export function toTurn(message: ChatMessage, options: TurnOptions): Turn {
  switch (message.role) {
    case "system":
    case "user":
      return { role: "user", parts: toParts(message.content, options), results: [] }
    case "tool": {
      const media = message.content.filter(({ type }) => type === "media")
      const text = message.content
        .flatMap((part) => (part.type === "text" ? [part.text] : []))
        .join(TEXT_SEPARATOR)
      return {
        role: "user",
        parts: toParts(media, options),
        results: [{ id: message.toolCallId, status: message.isError === true ? "error" : "success", text }],
      }
    }
    case "assistant":
      return toAssistantTurn(message, options)
    default:
      return message satisfies never
  }
}

/** The texts of a message that can carry no media. */
export function textsOf({ content }: ChatMessage): string[] {
  return content.map((part) =>
    part.type === "text"
      ? part.text
      : mediaLeftOut(part.filename ?? "Media", "only a message of the user can carry it"),
  )
}

function toParts(content: readonly ContentPart[], { accepts }: TurnOptions): UserPart[] {
  return content.map((part) => (part.type === "text" ? textPart(part.text) : readMedia(part, accepts)))
}

function toAssistantTurn(
  message: ChatMessage & { readonly role: "assistant" },
  { replay }: TurnOptions,
): AssistantTurn {
  const { toolCalls } = message
  const reasoning = replay({ toolUseIds: toolCalls.map(({ id }) => id), blocks: message.reasoning })
  return {
    role: "assistant",
    texts: textsOf(message),
    uses: toolCalls.map(({ id, name, arguments: argumentsText }) => ({
      id,
      name,
      input: readArguments(argumentsText),
      argumentsText,
    })),
    ...(reasoning === undefined ? {} : { reasoning }),
  }
}
