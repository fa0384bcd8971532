/** A Chat Completions request as OpenCode's `@ai-sdk/openai-compatible` sends it, and its reader. */
import {
  asObject,
  isNestedDeeper,
  isObject,
  type JsonObject,
  numberField,
  present,
  stringField,
} from "../json.ts"

import type { ReasoningProof } from "./answer.ts"

export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly tools: readonly ChatTool[]
  readonly stream: boolean
  readonly maxTokens?: number
  /** `reasoning_effort`, as it came. */
  readonly reasoningEffort?: string
  /** `thinkingConfig.thinkingBudget`, in tokens. */
  readonly thinkingBudget?: number
}

export type ChatMessage =
  /** `developer` is the newer name of `system`. */
  | { readonly role: "system"; readonly content: readonly ContentPart[] }
  /** Any role that Chat Completions does not know counts as the user's. */
  | { readonly role: "user"; readonly content: readonly ContentPart[] }
  | {
      readonly role: "assistant"
      readonly content: readonly ContentPart[]
      readonly reasoning: readonly ReasoningBlock[]
      readonly toolCalls: readonly ChatToolCall[]
    }
  | {
      readonly role: "tool"
      readonly toolCallId: string
      readonly content: readonly ContentPart[]
      readonly isError?: boolean
    }

/** Reasoning as the model gave it, with its proof where the host kept that: Chat Completions brings the text alone. */
export interface ReasoningBlock extends ReasoningProof {
  readonly text: string
}

interface ChatToolCall {
  readonly id: string
  readonly name: string
  /** The JSON text of the arguments, as the model wrote it: it may be empty or broken. */
  readonly arguments: string
}

interface ChatTool {
  readonly name: string
  readonly description: string
  readonly parameters: unknown
}

/** Throws `ChatRequestError` naming the field where the body is not a chat request. Never changes the body. */
export function readChatRequest(body: unknown): ChatRequest {
  if (!isObject(body)) throw new ChatRequestError("body", "is not a JSON object")
  const model = stringField(body, "model")?.toWellFormed()
  if (model === undefined) throw new ChatRequestError("model", "is not a model id")
  const messages = body["messages"]
  if (!Array.isArray(messages) || messages.length === 0)
    throw new ChatRequestError("messages", "is not a list of messages")
  const maxTokens = numberField(body, "max_tokens", "max_completion_tokens")
  const reasoningEffort = stringField(body, "reasoning_effort")
  const thinkingBudget = numberField(asObject(body["thinkingConfig"]), "thinkingBudget")
  return {
    model,
    messages: messages.map(readMessage),
    tools: body["tool_choice"] === "none" ? [] : readTools(body["tools"]),
    stream: body["stream"] === true,
    ...present({ maxTokens, reasoningEffort, thinkingBudget }),
  }
}

function readMessage(message: unknown, index: number): ChatMessage {
  const field = `messages[${index}]`
  if (!isObject(message)) throw new ChatRequestError(field, "is not an object")
  const role = message["role"]
  if (typeof role !== "string") throw new ChatRequestError(`${field}.role`, "is not a text")
  const content = readContent(message["content"], `${field}.content`)
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", content }
    case "assistant":
      return { role, content, reasoning: readReasoning(message), toolCalls: readToolCalls(message, field) }
    case "tool":
      return { role, content, toolCallId: stringField(message, "tool_call_id") ?? "" }
    default:
      return { role: "user", content }
  }
}

function readReasoning(message: JsonObject): ReasoningBlock[] {
  const text = stringField(message, "reasoning_content", "reasoning")
  return text === undefined ? [] : [{ text }]
}

function readToolCalls(message: JsonObject, messageField: string): ChatToolCall[] {
  const calls = message["tool_calls"] ?? []
  if (!Array.isArray(calls)) throw new ChatRequestError(`${messageField}.tool_calls`, "is not a list")
  return calls.map((call: unknown, index) => {
    const field = `${messageField}.tool_calls[${index}]`
    if (!isObject(call)) throw new ChatRequestError(field, "is not an object")
    const called = call["function"]
    if (!isObject(called)) throw new ChatRequestError(`${field}.function`, "is not an object")
    return {
      id: stringField(call, "id") ?? "",
      name: (stringField(called, "name") ?? "").toWellFormed(),
      arguments: readArguments(called["arguments"], `${field}.function.arguments`),
    }
  })
}

/** Some callers send the parsed value in place of its text. */
function readArguments(value: unknown, field: string): string {
  if (typeof value === "string") return value.toWellFormed()
  return value === null ? "" : jsonText(value, field)
}

/** Deeper values are not tried: Bun's serialiser takes seconds to find that its stack has an end. */
const MAX_DEPTH = 1_000

/** "" for what has no JSON text. Throws `ChatRequestError` where the value holds itself, or more than a stack does. */
export function jsonText(value: unknown, field: string): string {
  try {
    if (!isNestedDeeper(value, MAX_DEPTH)) return value === undefined ? "" : (JSON.stringify(value) ?? "")
  } catch {
    // A number that JSON has no form for.
  }
  throw new ChatRequestError(field, "can't be written as JSON")
}

function readTools(tools: unknown): ChatTool[] {
  if (tools === undefined || tools === null) return []
  if (!Array.isArray(tools)) throw new ChatRequestError("tools", "is not a list")
  return tools.map((tool: unknown, index) => {
    const declared = asObject(asObject(tool)["function"])
    const name = stringField(declared, "name")
    if (name === undefined) throw new ChatRequestError(`tools[${index}].function.name`, "is not a tool name")
    const description = stringField(declared, "description") ?? ""
    return {
      name: name.toWellFormed(),
      description: description.toWellFormed(),
      parameters: declared["parameters"],
    }
  })
}

export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  /** A data URL, a link, or a file id: what it really holds is judged by its bytes, later. */
  | { readonly type: "media"; readonly url: string; readonly filename?: string }

/** Text, a list of parts, nothing, or a bare value, whose JSON text is then the content. */
function readContent(content: unknown, field: string): ContentPart[] {
  const parts: readonly unknown[] = Array.isArray(content) ? content : [content]
  return parts.flatMap((part) => readPart(part, field))
}

function readPart(part: unknown, field: string): ContentPart[] {
  if (part === undefined || part === null) return []
  if (typeof part === "string") return [text(part)]
  if (!isObject(part)) return [text(jsonText(part, field))]
  const media = readMedia(part)
  if (media !== undefined) return [media]
  const own = part["text"] ?? part["refusal"]
  return [text(typeof own === "string" ? own : jsonText(part, field))]
}

function text(value: string): ContentPart {
  return { type: "text", text: value.toWellFormed() }
}

function readMedia(part: JsonObject): ContentPart | undefined {
  switch (part["type"]) {
    case "image_url":
      return readImageUrl(part["image_url"])
    case "file":
      return isObject(part["file"]) ? readFile(part["file"]) : undefined
    case "input_audio":
      return isObject(part["input_audio"]) ? readAudio(part["input_audio"]) : undefined
    default:
      return undefined
  }
}

function readImageUrl(image: unknown): ContentPart | undefined {
  const url = isObject(image) ? image["url"] : image
  return typeof url === "string" ? { type: "media", url } : undefined
}

/** `file_data` is a data URL, or the base64 text alone. */
function readFile(file: JsonObject): ContentPart | undefined {
  const filename = stringField(file, "filename")?.toWellFormed()
  const named = present({ filename })
  const data = stringField(file, "file_data")
  if (data === undefined) {
    const id = stringField(file, "file_id")
    return id === undefined ? undefined : { type: "media", url: id, ...named }
  }
  return { type: "media", url: /^[a-z]+:/i.test(data) ? data : `data:;base64,${data}`, ...named }
}

function readAudio(audio: JsonObject): ContentPart | undefined {
  const data = stringField(audio, "data")
  if (data === undefined) return undefined
  return { type: "media", url: `data:audio/${stringField(audio, "format") ?? "wav"};base64,${data}` }
}

/** The body is not a chat request that can be sent on. The gateway answers it with status 400. */
export class ChatRequestError extends Error {
  override readonly name = "ChatRequestError"
  /** The path of the field at fault, such as `messages[3].role`. */
  readonly field: string

  constructor(field: string, problem: string) {
    super(`${field} ${problem}`)
    this.field = field
  }
}
