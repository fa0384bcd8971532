import { asObject, isObject, type JsonObject, numberField, present, stringField } from "../json.ts"
import {
  ChatRequestError,
  jsonText,
  type ChatMessage,
  type ChatRequest,
  type ContentPart,
  type ReasoningBlock,
} from "../openai/index.ts"
import { PROVIDER_ID } from "../version.ts"

/** Reads the call of a language model (AI SDK v3) into the chat request that it means. */

export interface ReadCall {
  readonly request: ChatRequest
  /** What was asked for and can't be had. */
  readonly unsupported: readonly string[]
}

export interface CallToRead {
  readonly modelId: string
  readonly settings: unknown
  readonly options: unknown
  /** `false`: the whole answer is wanted at once, so that a failure on the way can still be recovered from. */
  readonly stream: boolean
}

/** Throws `ChatRequestError` naming the place where the call is not one. Never changes what it reads. */
export function readCall({ modelId, settings, options, stream }: CallToRead): ReadCall {
  if (!isObject(options)) throw new ChatRequestError("options", "is not an object")
  const prompt = options["prompt"]
  if (!Array.isArray(prompt) || prompt.length === 0)
    throw new ChatRequestError("prompt", "is not a list of messages")
  const key = metadataKeyOf(settings)
  const choice = asObject(options["toolChoice"])["type"]
  const { tools, unsupported } = readTools(options["tools"])
  const maxTokens = numberField(options, "maxOutputTokens")
  return {
    request: {
      model: modelId,
      messages: prompt.flatMap((message: unknown, index) =>
        readMessage({ value: message, at: `prompt[${index}]`, key }),
      ),
      tools: choice === "none" ? [] : tools,
      stream,
      ...present({ maxTokens }),
      ...readThinking(settings, ownOf(options["providerOptions"], key)),
    },
    unsupported: [
      ...unsupported,
      ...(isJsonWanted(options["responseFormat"]) ? ["responseFormat"] : []),
      ...(choice === "required" || choice === "tool" ? ["toolChoice"] : []),
      ...WITHOUT_FIELD.filter((name) => isAsked(options[name])),
    ],
  }
}

/** What a call may ask of a model, and Kiro has no field for. */
const WITHOUT_FIELD = [
  "temperature",
  "topP",
  "topK",
  "presencePenalty",
  "frequencyPenalty",
  "stopSequences",
  "seed",
] as const

function isAsked(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : (value ?? undefined) !== undefined
}

function isJsonWanted(format: unknown): boolean {
  return asObject(format)["type"] === "json"
}

/**
 * Variant and model settings come with the factory's options; those of a single call win. Ours are called
 * `thinkingBudget` and `reasoningEffort`: by any other name it is what the user laid over them.
 */
function readThinking(
  settings: unknown,
  own: JsonObject,
): Pick<ChatRequest, "reasoningEffort" | "thinkingBudget"> {
  for (const source of [own, asObject(settings)]) {
    const reasoningEffort = stringField(source, "reasoning_effort", "reasoningEffort")
    const thinkingBudget =
      numberField(asObject(source["thinkingConfig"]), "thinkingBudget") ??
      numberField(source, "thinkingBudget")
    if (reasoningEffort !== undefined || thinkingBudget !== undefined)
      return present({ reasoningEffort, thinkingBudget })
  }
  return {}
}

function readTools(tools: unknown): { tools: ChatRequest["tools"]; unsupported: string[] } {
  if (tools === undefined || tools === null) return { tools: [], unsupported: [] }
  const list = listAt(tools, "tools").map((tool, index) => objectAt(tool, `tools[${index}]`))
  const isOurs = (tool: JsonObject): boolean => tool["type"] === "function" || tool["type"] === undefined
  return {
    tools: list.flatMap((tool, index) => (isOurs(tool) ? [readTool(tool, `tools[${index}]`)] : [])),
    unsupported: list.flatMap((tool) => (isOurs(tool) ? [] : [`tool ${String(tool["name"])}`])),
  }
}

function readTool(tool: JsonObject, at: string): ChatRequest["tools"][number] {
  const name = stringField(tool, "name")
  if (name === undefined) throw new ChatRequestError(`${at}.name`, "is not a tool name")
  const description = stringField(tool, "description") ?? ""
  return {
    name: name.toWellFormed(),
    description: description.toWellFormed(),
    parameters: tool["inputSchema"],
  }
}

/** Whose metadata is ours: the host keys it by the provider's name, which it tells the factory. */
export function metadataKeyOf(settings: unknown): string {
  return stringField(asObject(settings), "name") ?? PROVIDER_ID
}

function ownOf(providerOptions: unknown, key: string): JsonObject {
  return asObject(asObject(providerOptions)[key])
}

function readMessage({ value, at, key }: PlacedMessage): ChatMessage[] {
  const message = objectAt(value, at)
  const content = message["content"]
  const parts = (): PlacedPart[] => partsOf(content, `${at}.content`)
  switch (message["role"]) {
    case "system":
      return [{ role: "system", content: parts().map(readSpoken) }]
    case "user":
      return [{ role: "user", content: parts().map(readSpoken) }]
    case "assistant":
      return readAssistant(parts(), key)
    case "tool":
      return parts().flatMap(readResult)
    default:
      throw new ChatRequestError(`${at}.role`, "is no role that is known")
  }
}

interface PlacedMessage {
  readonly value: unknown
  readonly at: string
  readonly key: string
}

/** A part, and where it stands. */
interface PlacedPart {
  readonly part: JsonObject
  readonly at: string
}

function partsOf(content: unknown, at: string): PlacedPart[] {
  if (typeof content === "string") return [{ part: { type: "text", text: content }, at }]
  return listAt(content, at).map((part, index) => ({
    part: objectAt(part, `${at}[${index}]`),
    at: `${at}[${index}]`,
  }))
}

function readSpoken({ part, at }: PlacedPart): ContentPart {
  switch (part["type"]) {
    case "text":
      return { type: "text", text: textAt(part["text"], `${at}.text`) }
    case "file":
      return readMedia(part, part["data"], at)
    default:
      throw new ChatRequestError(`${at}.type`, "is no kind of content that is known")
  }
}

function readAssistant(parts: readonly PlacedPart[], key: string): ChatMessage[] {
  const content: ContentPart[] = []
  const reasoning: ReasoningBlock[] = []
  const toolCalls: ToolCall[] = []
  const results: ChatMessage[] = []
  for (const place of parts) {
    switch (place.part["type"]) {
      case "reasoning":
        reasoning.push(readReasoning(place, key))
        break
      case "tool-call":
        toolCalls.push(readToolCall(place))
        break
      case "tool-result":
        results.push(...readResult(place))
        break
      case "tool-approval-request":
        break
      default:
        content.push(readSpoken(place))
    }
  }
  return [{ role: "assistant", content, reasoning, toolCalls }, ...results]
}

type AssistantMessage = Extract<ChatMessage, { role: "assistant" }>
type ToolCall = AssistantMessage["toolCalls"][number]

/** Its proof is what we gave the host as metadata of the block. */
function readReasoning({ part, at }: PlacedPart, key: string): ReasoningBlock {
  const own = ownOf(part["providerOptions"], key)
  const proof = {
    signature: stringField(own, "signature"),
    redacted: stringField(own, "redacted"),
    modelId: stringField(own, "modelId"),
  }
  return { text: textAt(part["text"], `${at}.text`), ...present(proof) }
}

/** As the model wrote it: some give a call an empty name, or arguments that were never JSON. */
function readToolCall({ part, at }: PlacedPart): ToolCall {
  const input = part["input"]
  return {
    id: stringField(part, "toolCallId") ?? "",
    name: textAt(part["toolName"], `${at}.toolName`),
    arguments: typeof input === "string" ? input.toWellFormed() : jsonText(input, `${at}.input`),
  }
}

function readResult({ part, at }: PlacedPart): ChatMessage[] {
  if (part["type"] === "tool-approval-response") return []
  if (part["type"] !== "tool-result")
    throw new ChatRequestError(`${at}.type`, "is no kind of tool content that is known")
  const toolCallId = stringField(part, "toolCallId") ?? ""
  const output = objectAt(part["output"], `${at}.output`)
  const { content, isError } = readOutput(output, `${at}.output`)
  return [{ role: "tool", toolCallId, content, ...(isError && { isError }) }]
}

function readOutput(
  output: JsonObject,
  at: string,
): { readonly content: readonly ContentPart[]; readonly isError: boolean } {
  const { type, value } = output
  const isError = type === "error-text" || type === "error-json" || type === "execution-denied"
  switch (type) {
    case "text":
    case "error-text":
      return { content: [{ type: "text", text: textAt(value, `${at}.value`) }], isError }
    case "json":
    case "error-json":
      return { content: [{ type: "text", text: jsonText(value, `${at}.value`) }], isError }
    case "execution-denied": {
      const reason = stringField(output, "reason")
      return { content: reason === undefined ? [] : [{ type: "text", text: reason.toWellFormed() }], isError }
    }
    case "content":
      return { content: partsOf(value, `${at}.value`).map(readResultPart), isError }
    default:
      throw new ChatRequestError(`${at}.type`, "is no kind of result that is known")
  }
}

function readResultPart({ part, at }: PlacedPart): ContentPart {
  switch (part["type"]) {
    case "text":
      return { type: "text", text: textAt(part["text"], `${at}.text`) }
    case "file-data":
    case "image-data":
    case "media":
    case "file":
      return readMedia(part, part["data"], at)
    case "file-url":
    case "image-url":
      return readMedia(part, part["url"], at)
    default:
      return { type: "text", text: jsonText(part, at) }
  }
}

/** Bytes, a URL, a data URL or base64: what they really hold is judged by the bytes, later. */
function readMedia(part: JsonObject, data: unknown, at: string): ContentPart {
  const named = present({ filename: stringField(part, "filename")?.toWellFormed() })
  const mediaType = stringField(part, "mediaType") ?? "application/octet-stream"
  if (data instanceof URL) return { type: "media", url: data.href, ...named }
  if (data instanceof Uint8Array) {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    return { type: "media", url: `data:${mediaType};base64,${bytes.toString("base64")}`, ...named }
  }
  if (typeof data !== "string") throw new ChatRequestError(at, "is a file without its data")
  const isUrl = /^(?:data|https?|file):/i.test(data)
  return { type: "media", url: isUrl ? data : `data:${mediaType};base64,${data}`, ...named }
}

function textAt(value: unknown, at: string): string {
  if (typeof value !== "string") throw new ChatRequestError(at, "is not a text")
  return value.toWellFormed()
}

function objectAt(value: unknown, at: string): JsonObject {
  if (!isObject(value)) throw new ChatRequestError(at, "is not an object")
  return value
}

function listAt(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ChatRequestError(at, "is not a list")
  return value
}
