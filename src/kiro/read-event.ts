import type { EventStreamMessage } from "../eventstream/index.ts"
import { isObject, numberField, parseJson, present, stringField, type JsonObject } from "../json.ts"
import type { KiroFailure } from "./failure.ts"
import { readStreamFailure } from "./read-failure.ts"

/** The events of an answer. The discriminant is the exact `:event-type` on the wire. */

export interface TokenUsage {
  readonly uncachedInputTokens: number
  readonly outputTokens: number
  /** Absent where the service did not tell, which is not none. */
  readonly cacheReadInputTokens?: number
  readonly cacheWriteInputTokens?: number
  readonly contextUsagePercentage?: number
}

export type KiroEvent =
  | { readonly type: "assistantResponseEvent"; readonly content: string }
  /** Rare: code as its own event. It is text of the answer. */
  | { readonly type: "codeEvent"; readonly content: string }
  | {
      readonly type: "reasoningContentEvent"
      readonly text?: string
      readonly signature?: string
      readonly redactedContent?: string
    }
  | {
      readonly type: "toolUseEvent"
      readonly toolUseId: string
      readonly name: string
      /** The next piece of a JSON text; an object on the wire arrives here as its whole JSON text. */
      readonly input?: string
      readonly stop: boolean
    }
  | { readonly type: "metadataEvent"; readonly stopReason?: string; readonly tokenUsage?: TokenUsage }
  | { readonly type: "contextUsageEvent"; readonly contextUsagePercentage: number }
  | { readonly type: "meteringEvent"; readonly usage: number; readonly unit: string }
  | { readonly type: "unknown" }

/**
 * What one message of an answer says. An event type nobody knows is `unknown`; an exception or error message, and
 * anything that can't be an answer's message, is a failure.
 */
export function readKiroEvent(message: EventStreamMessage): Reading {
  switch (header(message, ":message-type")) {
    case "event":
      return readEvent(header(message, ":event-type"), message.payload)
    case "exception":
      return failed(readException(header(message, ":exception-type"), message))
    case "error":
      return failed(readException(header(message, ":error-code"), message))
    default:
      return failed(corruptStream("a message that is neither event, exception nor error"))
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
    payload: utf8.decode(message.payload),
    ...(words !== "" && { message: words }),
  })
}

/** It keeps no state: each payload is a whole document. */
const utf8 = new TextDecoder()

type Reading = KiroEvent | { readonly type: "failure"; readonly failure: KiroFailure }

function failed(failure: KiroFailure): Reading {
  return { type: "failure", failure }
}

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
      return failed(readStreamFailure({ name: eventType, payload: utf8.decode(payload) }))
    // The service's model names its InternalServerException so among the events.
    case "error":
      return failed(readStreamFailure({ name: "InternalServerException", payload: utf8.decode(payload) }))
    default:
      return { type: "unknown" }
  }
}

function read(payload: Uint8Array, reader: (document: JsonObject) => Reading): Reading {
  // Nothing at all is an event without a member: its checksum holds.
  const document = payload.length === 0 ? {} : parseJson(utf8.decode(payload))
  return isObject(document)
    ? reader(document)
    : failed(corruptStream("the payload of an event is not a JSON object"))
}

function readReasoning(document: JsonObject): KiroEvent {
  return {
    type: "reasoningContentEvent",
    ...present({
      text: text(document, "text"),
      signature: text(document, "signature"),
      redactedContent: text(document, "redactedContent"),
    }),
  }
}

function readToolUse(document: JsonObject): Reading {
  const toolUseId = text(document, "toolUseId") ?? ""
  const name = text(document, "name") ?? ""
  // A piece without a name belongs to the call whose id it has.
  if (toolUseId === "") return failed(corruptStream("a tool use without its id"))
  const input = inputPiece(document["input"])
  const stop = document["stop"] === true
  return { type: "toolUseEvent", toolUseId, name, ...(input !== undefined && { input }), stop }
}

/** An empty object, as some services send it before the pieces, is no piece of the JSON text. */
function inputPiece(input: unknown): string | undefined {
  if (typeof input === "string") return input
  if (input === undefined || input === null) return undefined
  return isObject(input) && Object.keys(input).length === 0 ? undefined : JSON.stringify(input)
}

function readMetadata(document: JsonObject): KiroEvent {
  const usage = document["tokenUsage"]
  return {
    type: "metadataEvent",
    ...present({
      stopReason: stringField(document, "stopReason"),
      tokenUsage: isObject(usage) ? readTokenUsage(usage) : undefined,
    }),
  }
}

function readTokenUsage(usage: JsonObject): TokenUsage {
  const told = (name: string): number | undefined => numberField(usage, name)
  return {
    uncachedInputTokens: told("uncachedInputTokens") ?? 0,
    outputTokens: told("outputTokens") ?? 0,
    ...present({
      cacheReadInputTokens: told("cacheReadInputTokens"),
      cacheWriteInputTokens: told("cacheWriteInputTokens"),
      contextUsagePercentage: told("contextUsagePercentage"),
    }),
  }
}

function text(document: JsonObject, name: string): string | undefined {
  const value = document[name]
  return typeof value === "string" ? value : undefined
}
