import type {
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
} from "@ai-sdk/provider"
import type { ChatChunk, ChatUsage, FinishReason, ReasoningProof, ToolCallDelta } from "../openai/index.ts"

type Part = LanguageModelV3StreamPart

const FINISH: { readonly [reason in FinishReason]: LanguageModelV3FinishReason["unified"] } = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  content_filter: "content-filter",
}

interface OpenCall {
  readonly id: string
  readonly name: string
  input: string
}

export interface PartWriter {
  push(chunk: ChatChunk): Part[]
  /** Whether anything was written that the host keeps. */
  hasOutput(): boolean
  /** Ends the text or reasoning that is open. */
  close(): Part[]
  /** The end in order: what is open, and the finish. */
  end(): Part[]
}

/**
 * Chunks become parts. The host dies on a second text or reasoning that is opened while one is open, on input behind
 * its end, and on two calls of one id: none of these can be written here. Proofs stand under `metadataKey`.
 */
export function createPartWriter(metadataKey: string): PartWriter {
  const calls = new Map<number, OpenCall>()
  const usedIds = new Set<string>()
  let blocks = 0
  let open: { readonly type: "text" | "reasoning"; readonly id: string } | undefined
  /** Reasoning was ended by what followed it, before its proof came. */
  let isUnproven = false
  let finishReason: FinishReason | undefined
  let usage: ChatUsage | undefined

  /** It comes back with the block in the next prompt, as `providerOptions` of the same key. */
  function metadata(proof: ReasoningProof | undefined) {
    return proof === undefined ? {} : { providerMetadata: { [metadataKey]: { ...proof } } }
  }

  function close(proof?: ReasoningProof): Part[] {
    if (open === undefined) return []
    const { type, id } = open
    open = undefined
    if (type === "reasoning") isUnproven = proof === undefined
    return [type === "text" ? { type: "text-end", id } : { type: "reasoning-end", id, ...metadata(proof) }]
  }

  function enter(type: "text" | "reasoning"): Part[] {
    if (open?.type === type) return []
    const before = close()
    const id = `${type}-${++blocks}`
    open = { type, id }
    return [...before, type === "text" ? { type: "text-start", id } : { type: "reasoning-start", id }]
  }

  /** A block that the service hid has no text: its proof is all of it. One that comes too late belongs to none. */
  function prove(proof: ReasoningProof): Part[] {
    const isLate = open?.type !== "reasoning" && isUnproven && proof.redacted === undefined
    return isLate ? [] : [...enter("reasoning"), ...close(proof)]
  }

  function write(type: "text" | "reasoning", delta: string | undefined, parts: Part[]): void {
    if (delta === undefined || delta === "") return
    parts.push(...enter(type))
    if (open === undefined) return
    const { id } = open
    parts.push(type === "text" ? { type: "text-delta", id, delta } : { type: "reasoning-delta", id, delta })
  }

  function writeCall({ index, id, function: called }: ToolCallDelta, parts: Part[]): void {
    let call = calls.get(index)
    if (call === undefined) {
      parts.push(...close())
      call = { id: unusedId(id ?? `call_${index}`), name: called.name ?? "", input: "" }
      calls.set(index, call)
      parts.push({ type: "tool-input-start", id: call.id, toolName: call.name })
    }
    if (called.arguments === "") return
    call.input += called.arguments
    parts.push({ type: "tool-input-delta", id: call.id, delta: called.arguments })
  }

  /** Two complete calls of one id are two calls. */
  function unusedId(id: string): string {
    let unused = id
    for (let count = 2; usedIds.has(unused); count++) unused = `${id}_${count}`
    usedIds.add(unused)
    return unused
  }

  function endCall(index: number): Part[] {
    const call = calls.get(index)
    if (call === undefined) return []
    calls.delete(index)
    const { id, name, input } = call
    return [
      { type: "tool-input-end", id },
      { type: "tool-call", toolCallId: id, toolName: name, input: input.trim() === "" ? "{}" : input },
    ]
  }

  return {
    push({ delta, callEnd, reasoningEnd, ...last }) {
      const parts: Part[] = []
      write("reasoning", delta.reasoning_content, parts)
      if (reasoningEnd !== undefined) parts.push(...prove(reasoningEnd))
      write("text", delta.content, parts)
      for (const call of delta.tool_calls ?? []) writeCall(call, parts)
      if (callEnd !== undefined) parts.push(...endCall(callEnd))
      finishReason = last.finishReason ?? finishReason
      usage = last.usage ?? usage
      return parts
    },
    hasOutput: () => blocks > 0 || usedIds.size > 0,
    close,
    end: () => [
      ...close(),
      // A call that the answer's end cut off goes out as it is: the host tells the model of its broken arguments.
      ...[...calls.keys()].flatMap(endCall),
      {
        type: "finish",
        finishReason: { unified: FINISH[finishReason ?? "stop"], raw: finishReason },
        usage: toUsage(usage),
      },
    ],
  }
}

function toUsage(usage: ChatUsage | undefined): LanguageModelV3Usage {
  const total = usage?.prompt_tokens
  const cacheRead = usage?.prompt_tokens_details.cached_tokens
  const cacheWrite = usage?.prompt_tokens_details.cache_write_tokens ?? (usage === undefined ? undefined : 0)
  const output = usage?.completion_tokens
  const reasoning = usage?.completion_tokens_details.reasoning_tokens
  return {
    inputTokens: {
      total,
      noCache: without(total, (cacheRead ?? 0) + (cacheWrite ?? 0)),
      cacheRead,
      cacheWrite,
    },
    outputTokens: { total: output, text: without(output, reasoning ?? 0), reasoning },
  }
}

function without(total: number | undefined, part: number): number | undefined {
  return total === undefined ? undefined : Math.max(0, total - part)
}
