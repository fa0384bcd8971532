import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
} from "@ai-sdk/provider"
import { Effect, Exit, Stream } from "effect"
import { judgeError, mayContinue, retryDelay, type HostFailure } from "./errors.ts"
import {
  toPrompt,
  type AssistantMessage,
  type AssistantTool,
  type File,
  type SessionMessage,
  type ToolContent,
} from "./history.ts"
import type { ModelInfo } from "./models.ts"
import { createPublisher, type Publisher } from "./publisher.ts"
import type { Hooks } from "./state.ts"

/** A session and its runner, after `session/model-request.ts`, `runner/step.ts` and `runner/llm.ts`. No wait is real. */

export type Kind = "primary" | "title" | "compaction" | "generate"

export interface FakeTool {
  readonly description?: string
  readonly inputSchema?: object
  /** A thrown error becomes the tool's. */
  readonly execute: (input: Record<string, unknown>) => string | readonly ToolContent[] | Promise<string>
}

export interface SessionOptions {
  readonly id?: string
  /** `provider/model` or `provider/model#variant`. */
  readonly model: string
  readonly agent?: string
  readonly system?: string
  readonly tools?: Readonly<Record<string, FakeTool>>
  readonly parentID?: string
  /** What `X-Session-Id` says: the root of a fork. */
  readonly affinity?: string
  readonly messages?: readonly SessionMessage[]
  /** Off: the host of 2.0.3 and before has no `x-opencode-session-id`. */
  readonly sendsSessionId?: boolean
}

export interface SessionHost {
  /** Told of each wait, which passes at once. */
  readonly onWait?: (ms: number) => void
  readonly hooks: Hooks
  /** Throws where there is none, or nobody answers it. */
  readonly resolve: (
    reference: string,
  ) => Promise<{ readonly info: ModelInfo; readonly language: LanguageModelV3 }>
}

export interface Turn {
  text: string
  reasoning: string
  readonly steps: AssistantMessage[]
  readonly parts: LanguageModelV3StreamPart[]
  readonly calls: AssistantTool[]
  readonly usages: LanguageModelV3Usage[]
  /** What the host would have waited before each repeat, in milliseconds. */
  readonly waits: number[]
  compactions: number
  continuations: number
  interrupted: boolean
  /** Of the last step, where the turn ended with one. */
  failure?: HostFailure
  finish?: string
}

interface Asked {
  readonly kind: Kind
  readonly messages: readonly SessionMessage[]
  readonly turn: Turn
  readonly signal?: AbortSignal | undefined
}

const MOST_STEPS = 60
const MOST_CONTINUATIONS = 5
/** What the runner says in the user's name behind an answer that broke off. */
const BEHIND_A_CUT =
  "The previous response was interrupted. Continue from where you left off without repeating completed content."
const BUFFER = 20_000
const OUTPUT_MAX = 256_000
const SUMMARY_OUTPUT_MAX = 32_000
const OUTPUT_MIN = 1024

export class FakeSession {
  readonly id: string
  readonly messages: SessionMessage[]
  /** What the language model was called with, oldest first. */
  readonly requests: LanguageModelV3CallOptions[] = []
  model: string
  tools: Readonly<Record<string, FakeTool>>
  readonly #host: SessionHost
  readonly #options: SessionOptions
  /** What the last step's usage said that the window holds. */
  #measured = 0
  /** They stand behind the step that is under way. */
  readonly #updates: SessionMessage[] = []

  constructor(host: SessionHost, options: SessionOptions) {
    this.#host = host
    this.#options = options
    this.id = options.id ?? `ses_${crypto.randomUUID().replaceAll("-", "")}`
    this.messages = [...(options.messages ?? [])]
    this.model = options.model
    this.tools = options.tools ?? {}
  }

  /** One message of the user, and all steps that it leads to. */
  async prompt(
    text: string,
    { files = [], signal }: { files?: readonly File[]; signal?: AbortSignal } = {},
  ): Promise<Turn> {
    this.messages.push({ type: "user", text, files })
    return this.resume(signal)
  }

  /** Goes on from what is there, as after a restart of the host. */
  async resume(signal?: AbortSignal): Promise<Turn> {
    const turn = newTurn()
    for (let step = 0; step < MOST_STEPS; step++) {
      this.messages.push(...this.#updates.splice(0))
      const { info } = await this.#host.resolve(this.model)
      if (this.#measured > 0 && this.#measured > info.limit.context - BUFFER)
        await this.#compact(turn, signal)
      const goesOn = await this.#step(turn, signal)
      if (!goesOn) break
    }
    return turn
  }

  async title(text: string): Promise<Turn> {
    const asked = `Generate a title for this conversation:\n${text}`
    return this.#aside("title", [{ type: "user", text: asked, files: [] }])
  }

  /** A question beside the conversation, with its history. */
  async generate(text: string): Promise<Turn> {
    return this.#aside("generate", [...this.messages, { type: "user", text, files: [] }])
  }

  async compact(): Promise<Turn> {
    const turn = newTurn()
    await this.#compact(turn, undefined)
    return turn
  }

  /** New instructions in the middle: they go out as a user's words. */
  systemUpdate(text: string): void {
    this.#updates.push({ type: "system", text })
  }

  /** A session of its own with the same beginning. Its affinity stays that of the root. */
  fork(messages: readonly SessionMessage[] = this.messages): FakeSession {
    return new FakeSession(this.#host, {
      ...this.#options,
      id: `ses_${crypto.randomUUID().replaceAll("-", "")}`,
      affinity: this.#options.affinity ?? this.id,
      messages: structuredClone(messages),
    })
  }

  async #aside(kind: Kind, messages: readonly SessionMessage[]): Promise<Turn> {
    const turn = newTurn()
    const publisher = await this.#attempts({ kind, messages, turn })
    if (publisher !== undefined) record(turn, publisher)
    return turn
  }

  /** Whether another step follows. */
  async #step(turn: Turn, signal: AbortSignal | undefined): Promise<boolean> {
    const publisher = await this.#attempts({ kind: "primary", messages: this.messages, turn, signal })
    if (publisher === undefined) return true
    this.messages.push(publisher.message)
    record(turn, publisher)
    const { finish } = publisher
    if (finish !== undefined) {
      const { inputTokens, outputTokens } = finish.usage
      this.#measured = (inputTokens.total ?? 0) + (outputTokens.total ?? 0)
    }
    if (turn.interrupted) return false
    if (turn.failure !== undefined) {
      if (!mayContinue(turn.failure) || !publisher.hasOutput) return false
      if (++turn.continuations > MOST_CONTINUATIONS) return false
      delete turn.failure
      this.messages.push({ type: "user", text: BEHIND_A_CUT, files: [] })
      return true
    }
    return publisher.message.content.some((item) => item.type === "tool")
  }

  /** One step with its repeats. `undefined`: the conversation was compacted instead. */
  async #attempts(asked: Asked): Promise<Publisher | undefined> {
    const { kind, turn, signal } = asked
    for (let repeat = 1; ; repeat++) {
      const { publisher, failure } = await this.#attempt(asked)
      if (failure === undefined || turn.interrupted) return publisher
      const isOverflow = failure.classification === "context-overflow"
      if (isOverflow && !publisher.hasOutput && kind === "primary" && turn.compactions === 0) {
        await this.#compact(turn, signal)
        if (turn.failure === undefined) return undefined
      }
      const wait = publisher.hasOutput ? undefined : retryDelay(failure, repeat)
      if (wait === undefined) {
        publisher.fail({ type: failure.class, message: failure.message })
        turn.failure = failure
        return publisher
      }
      turn.waits.push(wait)
      this.#host.onWait?.(wait)
    }
  }

  async #attempt({ kind, messages, turn, signal }: Asked): Promise<{
    readonly publisher: Publisher
    readonly failure?: HostFailure
  }> {
    const { info, language } = await this.#host.resolve(this.model)
    const options = await this.#request(kind, messages, info)
    this.requests.push(options)
    const publisher = createPublisher(
      { type: "assistant", model: this.#modelKey(), content: [] },
      info.providerID,
    )
    const running: Promise<void>[] = []
    const onPart = (part: LanguageModelV3StreamPart): HostFailure | undefined => {
      turn.parts.push(part)
      if (part.type === "error") return judgeError(part.error, "read")
      const call = publisher.publish(part)
      if (call !== undefined) {
        turn.calls.push(call)
        running.push(this.#runTool(call))
      }
      return undefined
    }
    const program = Effect.tryPromise({
      try: () => language.doStream(options),
      catch: (error) => judgeError(error, "request"),
    }).pipe(
      Effect.flatMap(({ stream }) =>
        Stream.fromReadableStream({
          evaluate: () => stream,
          onError: (error) => judgeError(error, "read"),
        }).pipe(
          Stream.runForEach((part) =>
            Effect.suspend(() => {
              const failure = onPart(part)
              return failure === undefined ? Effect.void : Effect.fail(failure)
            }),
          ),
        ),
      ),
    )
    const exit = await Effect.runPromiseExit(program, signal === undefined ? undefined : { signal })
    publisher.flush()
    await Promise.all(running)
    if (Exit.isSuccess(exit)) {
      const { finish } = publisher
      const isWhole = finish !== undefined && finish.finishReason.unified !== "other"
      return { publisher, ...(!isWhole && { failure: incomplete }) }
    }
    for (const reason of exit.cause.reasons) {
      if (reason._tag === "Die") throw reason.defect
      if (reason._tag === "Fail") return { publisher, failure: reason.error }
    }
    turn.interrupted = true
    publisher.fail({ type: "aborted", message: "Step interrupted" })
    return { publisher }
  }

  async #request(
    kind: Kind,
    messages: readonly SessionMessage[],
    info: ModelInfo,
  ): Promise<LanguageModelV3CallOptions> {
    const { parentID, agent = kind === "primary" || kind === "generate" ? "build" : kind } = this.#options
    const affinity = this.#options.affinity ?? this.id
    const model = { providerID: info.providerID, id: info.id }
    const event = await this.#host.hooks.trigger(
      "model.request",
      {
        sessionID: this.id,
        agent,
        model,
        kind,
        headers: {
          ...(this.#options.sendsSessionId !== false && { "x-opencode-session-id": this.id }),
          ...(parentID !== undefined && { "x-opencode-parent-session-id": parentID }),
          "x-session-affinity": affinity,
          "X-Session-Id": affinity,
          ...(parentID !== undefined && { "x-parent-session-id": parentID }),
          "User-Agent": "opencode/2.3.0",
          "x-opencode-project": "prj_1",
          "x-opencode-session": affinity,
          "x-opencode-client": "cli",
        } as Record<string, string>,
      },
      info.providerID,
    )
    const takesTools = kind === "primary" || kind === "generate"
    const { apiKey: _, ...settings } = info.settings ?? {}
    const limit = this.#outputLimit(kind, info)
    return {
      prompt: toPrompt({
        system:
          kind === "primary" || kind === "generate"
            ? (this.#options.system ?? "You are opencode.")
            : "You help.",
        messages,
        model: this.#modelKey(),
        metadataKey: info.providerID,
        input: info.capabilities.input,
      }),
      ...(limit !== undefined && { maxOutputTokens: limit }),
      tools: takesTools ? Object.entries(this.tools).map(toDefinition) : [],
      headers: event.headers,
      providerOptions: { [info.providerID]: JSON.parse(JSON.stringify(settings)) },
    }
  }

  /** The room that the prompt leaves: it differs from step to step. */
  #outputLimit(kind: Kind, { limit }: ModelInfo): number | undefined {
    if (kind === "title" || kind === "generate") return undefined
    const most = Math.min(limit.output > 0 ? limit.output : 32_000, OUTPUT_MAX)
    const requested = kind === "compaction" ? Math.min(most, SUMMARY_OUTPUT_MAX) : most
    return Math.min(requested, Math.max(OUTPUT_MIN, limit.context - this.#measured))
  }

  async #compact(turn: Turn, signal: AbortSignal | undefined): Promise<void> {
    turn.compactions++
    const last = this.messages.findLast(({ type }) => type === "user")
    const asked: SessionMessage = { type: "user", text: "Summarise the conversation so far.", files: [] }
    const own = newTurn()
    const messages = [...this.messages.filter((message) => message !== last), asked]
    const publisher = await this.#attempts({ kind: "compaction", messages, turn: own, signal })
    if (own.failure !== undefined || publisher === undefined) {
      turn.failure = own.failure ?? incomplete
      return
    }
    record(own, publisher)
    this.#measured = 0
    this.messages.length = 0
    this.messages.push({ type: "compaction", summary: own.text, recent: "" })
    if (last !== undefined) this.messages.push(last)
  }

  async #runTool(tool: AssistantTool): Promise<void> {
    const input = tool.state.input
    try {
      const known = this.tools[tool.name]
      if (known === undefined) throw new Error(`Unknown tool: ${tool.name}`)
      const result = await known.execute(input as Record<string, unknown>)
      const content = typeof result === "string" ? [{ type: "text" as const, text: result }] : result
      tool.state = { status: "completed", input, content }
    } catch (thrown) {
      const error = {
        type: "tool.execution",
        message: thrown instanceof Error ? thrown.message : String(thrown),
      }
      tool.state = { status: "error", input, error, content: [], structured: {} }
    }
  }

  #modelKey(): string {
    return this.model.split("#")[0] ?? this.model
  }
}

const incomplete: HostFailure = {
  class: "InvalidProviderOutput",
  classification: "incomplete-stream",
  message: "The provider response ended with an unknown finish reason.",
}

function newTurn(): Turn {
  return {
    text: "",
    reasoning: "",
    steps: [],
    parts: [],
    calls: [],
    usages: [],
    waits: [],
    compactions: 0,
    continuations: 0,
    interrupted: false,
  }
}

function record(turn: Turn, { message, finish }: Publisher): void {
  turn.steps.push(message)
  for (const item of message.content) if (item.type !== "tool") turn[item.type] += item.text
  if (finish === undefined) return
  turn.usages.push(finish.usage)
  turn.finish = finish.finishReason.unified
}

function toDefinition([name, tool]: [string, FakeTool]): NonNullable<
  LanguageModelV3CallOptions["tools"]
>[number] {
  return {
    type: "function",
    name,
    description: tool.description ?? `The tool ${name}.`,
    inputSchema: { type: "object", properties: {}, ...tool.inputSchema },
  }
}
