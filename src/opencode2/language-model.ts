import type {
  LanguageModelV3Content,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  SharedV3Warning,
} from "@ai-sdk/provider"
import {
  type AnswerEnd,
  type ChatCall,
  type ChatGateway,
  type Purpose,
  refusalOfError,
} from "../gateway/index.ts"
import { AGENT_HEADER, PARENT_HEADER, PURPOSE_HEADER } from "../host/index.ts"
import { asObject, decodePercent, type JsonObject, present, stringField } from "../json.ts"
import { cutError, refusalError } from "./errors.ts"
import { createPartWriter } from "./parts.ts"
import { metadataKeyOf, readCall } from "./prompt.ts"

type Part = LanguageModelV3StreamPart

/** One call of a language model, as the host made it. */
export interface ModelCall {
  readonly modelId: string
  /** The options that the host gave to the factory: settings of provider, model and variant, headers, body. */
  readonly settings: unknown
  /** Those of `doStream` or `doGenerate`. */
  readonly options: unknown
  readonly signal: AbortSignal
}

/** What a location answers its calls with. Asks nothing before the first `next`, or the call of `generate`. */
export interface RegistryEntry {
  /** Batches of parts, none empty. Throws only the signal's reason; `return` closes the connection. */
  stream(call: ModelCall): AsyncGenerator<readonly LanguageModelV3StreamPart[], void>
  /** Rejects with an error in the host's own form. */
  generate(call: ModelCall): Promise<LanguageModelV3GenerateResult>
}

/** The session itself. `x-session-id` is none: forks share it with their root. */
const SESSION_HEADER = "x-opencode-session-id"

/** What the host calls a request, and what it is for us. An unknown word is a conversation's own request. */
const PURPOSES: { readonly [kind: string]: Purpose } = {
  primary: "main",
  title: "title",
  compaction: "compaction",
  generate: "generate",
}

/** The language models of a location: the gateway's answers as the parts of AI SDK v3. */
export function createRegistryEntry(gateway: ChatGateway): RegistryEntry {
  return {
    stream: (call) => stream(gateway, call, true),
    generate: async (call) => fold(stream(gateway, call, false)),
  }
}

/** Whatever goes wrong is a part. Throws the signal's reason only. */
async function* stream(
  gateway: ChatGateway,
  call: ModelCall,
  stream: boolean,
): AsyncGenerator<readonly Part[], void> {
  const { signal } = call
  try {
    signal.throwIfAborted()
    const { request, unsupported } = readCall({ ...call, stream })
    const warnings = unsupported.map((feature): SharedV3Warning => ({ type: "unsupported", feature }))
    const outcome = await gateway.chat({ request, signal, ...readHeaders(call.options) })
    if (outcome.outcome === "refusal") {
      yield [{ type: "error", error: refusalError(outcome.refusal) }]
      return
    }
    const { head, batches } = outcome.answer
    const { id, created, model } = head
    yield [
      { type: "stream-start", warnings },
      { type: "response-metadata", id, modelId: model, timestamp: new Date(created * 1000) },
    ]
    const writer = createPartWriter(metadataKeyOf(call.settings))
    for await (const batch of batches) {
      const parts = batch.chunks.flatMap((chunk) => writer.push(chunk))
      if (batch.end !== undefined) parts.push(...endOf(batch.end, writer))
      if (parts.length > 0) yield parts
    }
  } catch (error) {
    signal.throwIfAborted()
    yield [{ type: "error", error: refusalError(refusalOfError(error)) }]
  }
}

/** A refusal is an error without a finish. This host repeats nothing that it has a part of: it goes on from there. */
function endOf(end: AnswerEnd, writer: ReturnType<typeof createPartWriter>): Part[] {
  if (end.outcome === "finished") return writer.end()
  const { refusal, afterwards } = end
  const isPassing = afterwards !== "stop"
  const error = isPassing && writer.hasOutput() ? cutError(refusal) : refusalError(refusal, isPassing)
  return [...writer.close(), { type: "error", error }]
}

function readHeaders(
  options: unknown,
): Pick<ChatCall, "sessionId" | "parentSessionId" | "purpose" | "agent"> {
  const given = Object.entries(asObject(asObject(options)["headers"]))
  const headers: JsonObject = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]))
  const read = (name: string): string | undefined => stringField(headers, name)
  const agent = read(AGENT_HEADER)
  return {
    // Without one it is a question of its own: no two of them may share a memory.
    sessionId: read(SESSION_HEADER) ?? crypto.randomUUID(),
    purpose: PURPOSES[read(PURPOSE_HEADER) ?? ""] ?? "main",
    ...present({ agent: agent && decodePercent(agent), parentSessionId: read(PARENT_HEADER) }),
  }
}

/** The same parts as one result. Rejects with the error among them. */
async function fold(batches: AsyncIterable<readonly Part[]>): Promise<LanguageModelV3GenerateResult> {
  const content: LanguageModelV3Content[] = []
  const texts = new Map<string, { text: string; providerMetadata?: JsonObject }>()
  let result: Omit<LanguageModelV3GenerateResult, "content"> | undefined
  let warnings: SharedV3Warning[] = []
  let response: LanguageModelV3GenerateResult["response"]
  for await (const parts of batches) {
    for (const part of parts) {
      switch (part.type) {
        case "stream-start":
          warnings = part.warnings
          break
        case "response-metadata": {
          const { type: _, ...metadata } = part
          response = metadata
          break
        }
        case "text-start":
        case "reasoning-start": {
          const block = {
            type: part.type === "text-start" ? ("text" as const) : ("reasoning" as const),
            text: "",
          }
          texts.set(part.id, block)
          content.push(block)
          break
        }
        case "text-delta":
        case "reasoning-delta": {
          const block = texts.get(part.id)
          if (block !== undefined) block.text += part.delta
          break
        }
        case "reasoning-end": {
          const block = texts.get(part.id)
          if (block !== undefined && part.providerMetadata !== undefined)
            block.providerMetadata = part.providerMetadata
          break
        }
        case "tool-call":
          content.push(part)
          break
        case "finish":
          result = { finishReason: part.finishReason, usage: part.usage, warnings }
          break
        case "error":
          throw part.error
      }
    }
  }
  if (result === undefined) throw refusalError(refusalOfError(new Error("the answer has no end")))
  return { ...result, content, ...present({ response }) }
}
