import type { LanguageModelV3StreamPart } from "@ai-sdk/provider"
import { asObject, isObject, parseJson } from "../../../src/json.ts"
import type { AssistantMessage, AssistantTool } from "./history.ts"

/** The host's own defect: the turn is lost, and no rule of its errors applies. */
export class HostDied extends Error {
  override readonly name = "HostDied"
}

type Finish = Extract<LanguageModelV3StreamPart, { type: "finish" }>

export interface Publisher {
  readonly message: AssistantMessage
  readonly finish: Finish | undefined
  /** Whether anything is there that a repeat would double. */
  readonly hasOutput: boolean
  /** Gives the calls that are to be run now. */
  publish(part: LanguageModelV3StreamPart): AssistantTool | undefined
  /** Ends what is open, as after the stream. */
  flush(): void
  fail(error: { readonly type: string; readonly message: string }): void
}

/** Writes the parts of a step into an assistant message, after `core/aisdk.ts` and `runner/publish-llm-event.ts`. */
export function createPublisher(message: AssistantMessage, metadataKey: string): Publisher {
  const tools = new Map<string, AssistantTool & { isCalled: boolean }>()
  const inputs = new Map<string, string>()
  const open = { text: new Map<string, Open>(), reasoning: new Map<string, Open>() }
  let finish: Finish | undefined
  let hasOutput = false

  const stateOf = (metadata: unknown): Record<string, unknown> | undefined => {
    const state = asObject(metadata)[metadataKey]
    return isObject(state) ? { ...state } : undefined
  }

  function start(kind: "text" | "reasoning", id: string, state: Record<string, unknown> | undefined): void {
    hasOutput = true
    if (open[kind].has(id)) throw new HostDied(`Duplicate ${kind} start: ${id}`)
    if (open[kind].size > 0) throw new HostDied(`${kind} start before end: ${id}`)
    const item: Open = { type: kind, text: "", ...(state !== undefined && { state }) }
    open[kind].set(id, item)
    message.content.push(item)
  }

  function append(
    kind: "text" | "reasoning",
    id: string,
    delta: string,
    state?: Record<string, unknown>,
  ): void {
    const item = open[kind].get(id)
    if (item === undefined) throw new HostDied(`${kind} delta before start: ${id}`)
    item.text += delta
    if (state !== undefined) item.state = { ...item.state, ...state }
  }

  function end(kind: "text" | "reasoning", id: string, state?: Record<string, unknown>): void {
    const item = open[kind].get(id)
    if (item === undefined) throw new HostDied(`${kind} end before start: ${id}`)
    if (state !== undefined) item.state = { ...item.state, ...state }
    open[kind].delete(id)
  }

  function startTool(id: string, name: string): AssistantTool & { isCalled: boolean } {
    if (tools.has(id)) throw new HostDied(`Duplicate tool input start: ${id}`)
    hasOutput = true
    const tool = {
      type: "tool" as const,
      id,
      name,
      isCalled: false,
      state: { status: "streaming" as const, input: "" },
    }
    tools.set(id, tool)
    inputs.set(id, "")
    message.content.push(tool)
    return tool
  }

  function call(id: string, name: string, input: string): AssistantTool | undefined {
    hasOutput = true
    const tool = tools.get(id) ?? startTool(id, name)
    if (tool.name !== name) throw new HostDied(`Tool call name changed for ${id}`)
    if (tool.isCalled) throw new HostDied(`Duplicate tool call: ${id}`)
    inputs.delete(id)
    const parsed = input.trim() === "" ? {} : parseJson(input)
    tool.isCalled = true
    if (parsed === undefined) {
      const error = {
        type: "tool.input-json",
        message: "Tool call arguments were malformed JSON and were not executed. Retry with valid JSON.",
      }
      tool.state = { status: "error", input, error, content: [], structured: {} }
      return undefined
    }
    tool.state = { status: "running", input: isObject(parsed) ? parsed : { value: parsed } }
    return tool
  }

  return {
    message,
    get finish() {
      return finish
    },
    get hasOutput() {
      return hasOutput
    },
    publish(part) {
      switch (part.type) {
        case "text-start":
          return void start("text", part.id, undefined)
        case "text-delta":
          return void append("text", part.id, part.delta)
        case "text-end":
          return void end("text", part.id)
        case "reasoning-start":
          return void start("reasoning", part.id, stateOf(part.providerMetadata))
        case "reasoning-delta":
          return void append("reasoning", part.id, part.delta, stateOf(part.providerMetadata))
        case "reasoning-end":
          return void end("reasoning", part.id, stateOf(part.providerMetadata))
        case "tool-input-start":
          return void startTool(part.id, part.toolName)
        case "tool-input-delta":
          if (!tools.has(part.id)) throw new HostDied(`Tool input delta before start: ${part.id}`)
          if (!inputs.has(part.id)) throw new HostDied(`Tool input delta after end: ${part.id}`)
          return void inputs.set(part.id, inputs.get(part.id) + part.delta)
        case "tool-input-end": {
          const tool = tools.get(part.id)
          if (tool === undefined) throw new HostDied(`Tool input end before start: ${part.id}`)
          if (!inputs.has(part.id)) throw new HostDied(`Duplicate tool input end: ${part.id}`)
          tool.state = { status: "streaming", input: inputs.get(part.id) ?? "" }
          return void inputs.delete(part.id)
        }
        case "tool-call":
          return call(part.toolCallId, part.toolName, part.input)
        case "finish":
          finish = part
          return undefined
        default:
          return undefined
      }
    },
    flush() {
      open.text.clear()
      open.reasoning.clear()
      for (const [id, input] of inputs) {
        const tool = tools.get(id)
        if (tool !== undefined) tool.state = { status: "streaming", input }
      }
      inputs.clear()
    },
    fail(error) {
      for (const tool of tools.values())
        if (!tool.isCalled)
          tool.state = { status: "error", input: tool.state.input, error, content: [], structured: {} }
      message.error = error
    },
  }
}

interface Open {
  readonly type: "text" | "reasoning"
  text: string
  state?: Record<string, unknown>
}
