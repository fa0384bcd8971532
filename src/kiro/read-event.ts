import type { EventStreamMessage } from "../eventstream/index.ts"
import { isObject, numberField, parseJson, stringField, type JsonObject } from "../json.ts"
import type { KiroEvent, TokenUsage } from "./event.ts"
import type { KiroFailure } from "./failure.ts"
import { readStreamFailure } from "./read-failure.ts"

/**
 * What one message of an answer says. An event type nobody knows is `unknown`; an exception or error message, and
 * anything that can't be an answer's message, is a failure.
 */
export function readKiroEvent(message: EventStreamMessage): Reading {
  switch (header(message, ":message-type")) {
    case "event":
      return readEvent(header(message, ":event-type"), message.payload)
    case "exception":
      return { failure: readException(header(message, ":exception-type"), message) }
    case "error":
      return { failure: readException(header(message, ":error-code"), message) }
    default:
      return { failure: corruptStream("a message that is neither event, exception nor error") }
  }
}

/** Bytes, or a document, that the service can't have meant. */
export function corruptStream(message: string): KiroFailure {
  return { kind: "corrupt-stream", status: 0, message }
}

function header({ headers }: EventStreamMessage, name: string): string {
  const value = headers.get(name)
  return typeof value === "string" ? value : ""
}

function readException(name: string, message: EventStreamMessage): KiroFailure {
  const words = header(message, ":error-message")
  return readStreamFailure({
    name,
    payload: new TextDecoder().decode(message.payload),
    ...(words !== "" && { message: words }),
  })
}

type Reading = KiroEvent | { readonly failure: KiroFailure }

function readEvent(eventType: string, payload: Uint8Array): Reading {
  switch (eventType) {
    case "assistantResponseEvent":
    case "codeEvent":
      return read(payload, (document) => ({ type: eventType, content: text(document, "content") ?? "" }))
    case "reasoningContentEvent":
      return read(payload, readReasoning)
    case "toolUseEvent":
      return read(payload, readToolUse)
    case "metadataEvent":
      return read(payload, readMetadata)
    case "contextUsageEvent":
      return read(payload, (document) => {
        const contextUsagePercentage = numberField(document, "contextUsagePercentage") ?? 0
        return { type: eventType, contextUsagePercentage }
      })
    case "meteringEvent":
      return read(payload, (document) => {
        const usage = numberField(document, "usage") ?? 0
        return { type: eventType, usage, unit: text(document, "unit") ?? "" }
      })
    case "invalidStateEvent":
      return read(payload, (document) => ({
        failure: readStreamFailure({ name: eventType, payload: JSON.stringify(document) }),
      }))
    default:
      return { type: "unknown", eventType }
  }
}

function read(payload: Uint8Array, reader: (document: JsonObject) => Reading): Reading {
  const document = parseJson(new TextDecoder().decode(payload))
  return isObject(document)
    ? reader(document)
    : { failure: corruptStream("the payload of an event is not a JSON object") }
}

function readReasoning(document: JsonObject): KiroEvent {
  const [words, signature, redactedContent] = ["text", "signature", "redactedContent"].map((name) =>
    text(document, name),
  )
  return {
    type: "reasoningContentEvent",
    ...(words !== undefined && { text: words }),
    ...(signature !== undefined && { signature }),
    ...(redactedContent !== undefined && { redactedContent }),
  }
}

function readToolUse(document: JsonObject): Reading {
  const toolUseId = stringField(document, "toolUseId")
  const name = stringField(document, "name")
  if (toolUseId === undefined || name === undefined) {
    return { failure: corruptStream("a tool use without its id or name") }
  }
  const input = document["input"]
  return {
    type: "toolUseEvent",
    toolUseId,
    name,
    ...(input !== undefined &&
      input !== null && { input: typeof input === "string" ? input : JSON.stringify(input) }),
    stop: document["stop"] === true,
  }
}

function readMetadata(document: JsonObject): KiroEvent {
  const stopReason = stringField(document, "stopReason")
  const usage = document["tokenUsage"]
  return {
    type: "metadataEvent",
    ...(stopReason !== undefined && { stopReason }),
    ...(isObject(usage) && { tokenUsage: readTokenUsage(usage) }),
  }
}

function readTokenUsage(usage: JsonObject): TokenUsage {
  const totalTokens = numberField(usage, "totalTokens")
  const contextUsagePercentage = numberField(usage, "contextUsagePercentage")
  return {
    uncachedInputTokens: numberField(usage, "uncachedInputTokens") ?? 0,
    outputTokens: numberField(usage, "outputTokens") ?? 0,
    cacheReadInputTokens: numberField(usage, "cacheReadInputTokens") ?? 0,
    cacheWriteInputTokens: numberField(usage, "cacheWriteInputTokens") ?? 0,
    ...(totalTokens !== undefined && { totalTokens }),
    ...(contextUsagePercentage !== undefined && { contextUsagePercentage }),
  }
}

function text(document: JsonObject, name: string): string | undefined {
  const value = document[name]
  return typeof value === "string" ? value : undefined
}
