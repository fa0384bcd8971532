import { asObject, isNestedDeeper, isObject, type JsonObject, parseJson, present } from "../../json.ts"
import { ChatRequestError, type ChatMessage, type ChatRequest, type ContentPart } from "../../openai/index.ts"
import { canonical } from "./canonical.ts"
import {
  TEXT_SEPARATOR,
  isBlank,
  isSpokenMessage,
  joinTexts,
  textPart,
  wellFormed,
  type AssistantTurn,
  type Conversation,
  type ToolDeclaration,
  type Turn,
  type UserPart,
} from "./conversation.ts"
import { limitTurns } from "./limits.ts"
import { readMedia, type AcceptedMedia } from "./media.ts"
import {
  boundReasoning,
  createReasoningReplay,
  type ReasoningReplay,
  type SignedReasoning,
} from "./reasoning.ts"
import { toolSchema, type SchemaReader } from "./schemas.ts"
import { mediaLeftOut } from "./filler.ts"

export interface ConversationOptions {
  readonly accepts: AcceptedMedia
  /** What the service gives the model, in tokens: it bounds the reasoning that is given back. */
  readonly serviceWindow: number
  /** As on the wire: reasoning is given back to the model that it came from. */
  readonly wireModelId: string
  /** What is remembered of this session's reasoning. */
  readonly reasoning?: readonly SignedReasoning[]
  /** One that knows the schemas of earlier requests. */
  readonly readSchema?: SchemaReader
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
  const { readSchema = toolSchema } = options
  const tools = request.tools.map(({ name, description, parameters }) => ({
    name,
    description,
    schema: readSchema(parameters),
  }))
  checkToolBudget(tools)
  const begin = messages.findIndex((message) => message.role !== "system")
  const leading = messages.slice(0, begin === -1 ? messages.length : begin)
  const replay = createReasoningReplay(options.reasoning ?? [], options.wireModelId)
  const turns = messages
    .slice(leading.length)
    .map((message) => toTurn(message, { accepts: options.accepts, replay }))
  return {
    system: joinTexts(leading.flatMap(textsOf)),
    turns: boundReasoning(turns, options.serviceWindow),
    tools,
    toolNames: new Map(),
    userTurn: userTurnOf(messages.filter(isSpokenMessage)),
  }
}

/** How many messages the user wrote, and how the last begins: enough to tell one task from the next. */
function userTurnOf(spoken: readonly ChatMessage[]): string {
  return `${spoken.length}:${joinTexts(spoken.slice(-1).flatMap(textsOf)).slice(0, 1_000)}`
}

interface TurnOptions {
  readonly accepts: AcceptedMedia
  readonly replay: ReasoningReplay
}

/** A system message inside the conversation stays in its place: moved to the front it would change the prefix. */
function toTurn(message: ChatMessage, options: TurnOptions): Turn {
  switch (message.role) {
    case "system":
    case "user":
      return {
        role: "user",
        spoken: isSpokenMessage(message),
        parts: toParts(message.content, options),
        results: [],
      }
    case "tool": {
      const media = message.content.filter(({ type }) => type === "media")
      const text = message.content
        .flatMap((part) => (part.type === "text" ? [part.text] : []))
        .join(TEXT_SEPARATOR)
      return {
        role: "user",
        spoken: false,
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
function textsOf({ content }: ChatMessage): string[] {
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
    ...present({ reasoning }),
  }
}

/** An escape that may be half of a surrogate pair. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/

/** The nesting of arguments that is sent as such: no tool needs more, and a serialiser's stack has an end. */
const MAX_DEPTH = 100

/**
 * A tool use needs a JSON object. No arguments are the empty object; arguments that are no object, no JSON at all or
 * nested too deep reach the model under the key that Chat Completions gives them, as they are.
 */
function readArguments(text: string): JsonObject {
  if (isBlank(text)) return {}
  const parsed = parseJson(text)
  if (isNestedDeeper(parsed, MAX_DEPTH)) return { arguments: text }
  if (isObject(parsed)) {
    return SURROGATE_ESCAPE.test(text) ? asObject(wellFormed(parsed)) : parsed
  }
  if (parsed === null) return {}
  return { arguments: parsed === undefined ? text : wellFormed(parsed) }
}

/**
 * All declarations together. 380 of 1.2 MB have been sent, and about 1 400 of 2 MB refused ("Invalid tool use format.");
 * nothing is published.
 */
const MAX_TOOLS = 1_000
/** Of JSON, in UTF-8. */
const MAX_BYTES = 1_500_000
const MEGABYTE = 1_000_000
const REMEDY = "switch off MCP servers that this session does not need"

/** Throws `ChatRequestError` for `tools` beyond the budget, before the service answers without naming a cause. */
function checkToolBudget(tools: readonly ToolDeclaration[]): void {
  // The message names no count: among them are numbers that OpenCode takes for a status to repeat on.
  if (tools.length > MAX_TOOLS)
    throw new ChatRequestError("tools", `are over a thousand, more than Kiro takes: ${REMEDY}`)
  const bytes = tools.reduce((sum, tool) => sum + sizeOf(tool), 0)
  if (bytes <= MAX_BYTES) return
  const sizes = `${inMegabytes(bytes)} of declarations and Kiro takes ${inMegabytes(MAX_BYTES)}`
  throw new ChatRequestError("tools", `are ${sizes}: ${REMEDY}`)
}

function sizeOf({ name, description, schema }: ToolDeclaration): number {
  return Buffer.byteLength(name) + Buffer.byteLength(description) + Buffer.byteLength(schema.text)
}

function inMegabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(2)} MB`
}
