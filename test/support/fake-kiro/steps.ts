import { errorFrame, eventFrame, exceptionFrame, withBrokenChecksum } from "./frames.ts"
import type { SignedReasoning, Step, StreamReply } from "./reply.ts"

/** The vocabulary of an answer: `stream(text("hi"), toolUse({ name: "read", input: { path: "a" } }), finish())`. */

export type Steps = Step | readonly Steps[]

export function stream(...steps: readonly Steps[]): StreamReply {
  return { kind: "stream", steps: flatten(steps) }
}

export function event(eventType: string, payload: unknown, signs?: SignedReasoning): Step {
  return { do: "send", bytes: eventFrame(eventType, payload), ...(signs && { signs }) }
}

/** One `assistantResponseEvent` per piece. */
export function text(...pieces: readonly string[]): Step[] {
  return pieces.map((content) => event("assistantResponseEvent", { content }))
}

/** Text pieces, then the signature in an event of its own. The fake knows the signature from then on. */
export function reasoning(options: {
  readonly text: string | readonly string[]
  readonly signature?: string
}): Step[] {
  const pieces = typeof options.text === "string" ? [options.text] : options.text
  const events = pieces.map((piece) => event("reasoningContentEvent", { text: piece }))
  if (options.signature === undefined) return events
  const signed = { signature: options.signature, text: pieces.join("") }
  return [...events, event("reasoningContentEvent", { signature: options.signature }, signed)]
}

export function redactedReasoning(redactedContent: string): Step {
  return event("reasoningContentEvent", { redactedContent }, { redactedContent })
}

export interface ToolUseOptions {
  readonly name: string
  readonly toolUseId?: string
  /** An object is written as JSON and cut into `pieces` fragments; absent: no `input` event at all. */
  readonly input?: Readonly<Record<string, unknown>>
  /** The fragments as they are, for arguments that are not JSON. */
  readonly fragments?: readonly string[]
  readonly pieces?: number
  /** `false`: the call never gets its closing event. */
  readonly stop?: boolean
}

/** An opening event, the fragments of the input, the closing `stop`. */
export function toolUse(options: ToolUseOptions): Step[] {
  const call = { name: options.name, toolUseId: options.toolUseId ?? newToolUseId() }
  const fragments =
    options.fragments ?? cut(options.input && JSON.stringify(options.input), options.pieces ?? 2)
  return [
    event("toolUseEvent", call),
    ...fragments.map((input) => event("toolUseEvent", { input, ...call })),
    ...(options.stop === false ? [] : [event("toolUseEvent", { ...call, stop: true })]),
  ]
}

export interface TokenUsage {
  readonly uncachedInputTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  readonly cacheReadInputTokens?: number
  readonly cacheWriteInputTokens?: number
}

export function metadata(payload: { readonly stopReason?: string; readonly tokenUsage?: TokenUsage }): Step {
  return event("metadataEvent", payload)
}

export function contextUsage(contextUsagePercentage: number): Step {
  return event("contextUsageEvent", { contextUsagePercentage })
}

export function metering(usage: number): Step {
  return event("meteringEvent", { unit: "credit", unitPlural: "credits", usage })
}

/** The usual end of an answer: stop reason, share of the window, credits. */
export function finish(
  options: { readonly stopReason?: string; readonly percentage?: number; readonly credits?: number } = {},
): Step[] {
  return [
    metadata({ stopReason: options.stopReason ?? "END_TURN" }),
    contextUsage(options.percentage ?? 10.867),
    metering(options.credits ?? 0.0897),
  ]
}

export function exception(exceptionType: string, payload: unknown): Step {
  return { do: "send", bytes: exceptionFrame(exceptionType, payload) }
}

export function streamError(code: string, message: string): Step {
  return { do: "send", bytes: errorFrame(code, message) }
}

export function bytes(raw: Uint8Array): Step {
  return { do: "send", bytes: raw }
}

/** The step's message with a wrong checksum. */
export function brokenChecksum(steps: Steps): Step[] {
  return flatten([steps]).map((step) =>
    step.do === "send" ? { do: "send", bytes: withBrokenChecksum(step.bytes) } : step,
  )
}

/** The step's message without its last bytes; let it be the last step, then the stream ends inside a message. */
export function truncated(steps: Steps, missing = 5): Step[] {
  return flatten([steps]).map((step) =>
    step.do === "send" ? { do: "send", bytes: step.bytes.slice(0, -missing) } : step,
  )
}

export function pause(ms: number): Step {
  return { do: "pause", ms }
}

/** Goes on when the promise has settled: for tests that decide the moment themselves. */
export function waitFor(promise: Promise<unknown>): Step {
  return { do: "wait", for: promise }
}

/** From here on the bytes leave in pieces of `size`. */
export function inPieces(size: number): Step {
  return { do: "cut", size }
}

/** The connection is reset; as the first step: after the headers. */
export const reset: Step = { do: "reset" }

/** Nothing more is sent and the connection stays open until the client leaves. */
export const silence: Step = { do: "silence" }

function flatten(steps: readonly Steps[]): Step[] {
  return steps.flatMap((step) => ("do" in step ? [step] : flatten(step)))
}

function cut(json: string | undefined, pieces: number): string[] {
  if (json === undefined) return []
  const size = Math.max(1, Math.ceil(json.length / pieces))
  return Array.from({ length: Math.ceil(json.length / size) }, (_, index) =>
    json.slice(index * size, (index + 1) * size),
  )
}

function newToolUseId(): string {
  return `tooluse_${crypto.randomUUID().replaceAll("-", "").slice(0, 22)}`
}
