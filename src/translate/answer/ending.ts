import type { FailureKind, KiroFailure } from "../../kiro/index.ts"
import type { FinishReason } from "../../openai/index.ts"

/** How an answer ends: in order, or with an error that the host may or may not repeat. */
export type Ending =
  | {
      readonly outcome: "finished"
      readonly finishReason: FinishReason
      /** The host has to compact next. */
      readonly overflowed: boolean
    }
  | FailedEnding

export interface FailedEnding {
  readonly outcome: "failed"
  readonly failure: KiroFailure
  readonly afterwards: AfterFailure
}

/**
 * What a host may do about an answer that failed: `repeat` it, or only `go-on` from what it has, because a call was
 * opened, or neither.
 */
export type AfterFailure = "repeat" | "go-on" | "stop"

interface AnswerSoFar {
  /** Absent where the stream ended by itself. */
  readonly failure?: KiroFailure | undefined
  readonly stopReason?: string | undefined
  readonly wroteAnything: boolean
  /** The service gave a reason to stop, or behind it the turn's usage: nothing is missing, even where nothing came. */
  readonly isComplete: boolean
  readonly openCalls: number
  readonly completedCalls: number
  /** The service said that the context window is full. */
  readonly windowIsFull: boolean
}

/** Cut, silence, 5xx, throttle: what is missing may be asked for again. */
const PASSING: ReadonlySet<FailureKind> = new Set<FailureKind>([
  "truncated",
  "network",
  "unreachable",
  "timeout",
  "service-error",
  "throttled",
  "capacity",
  "empty-answer",
])

/** The connection's, and nothing that the service said. */
const BROKEN: ReadonlySet<FailureKind> = new Set<FailureKind>([
  "truncated",
  "corrupt-stream",
  "network",
  "unreachable",
])

export function decideEnding(soFar: AnswerSoFar): Ending {
  return soFar.failure === undefined ? endOfStream(soFar) : endByFailure(soFar, soFar.failure)
}

function endOfStream(soFar: AnswerSoFar): Ending {
  const { stopReason, wroteAnything, isComplete, openCalls, completedCalls, windowIsFull } = soFar
  const reason = mapStopReason(stopReason)
  if (reason === "content_filter") return inOrder(reason)
  if (completedCalls > 0) return inOrder("tool_calls")
  if (reason === "length") return inOrder(reason)
  // There was no room left for the rest of the call: as an error it would come again, and nothing would be compacted.
  if (openCalls > 0 && windowIsFull) return inOrder("length", true)
  if (openCalls > 0 && !wroteAnything) return failed("empty-answer", "A tool call came without its name.")
  if (openCalls > 0) return failed("truncated", "The answer ended inside a tool call.")
  // A model may end its turn behind tool results without a word: asked again it says the same, for credits.
  if (!wroteAnything && !isComplete) return failed("empty-answer", "")
  return inOrder("stop")
}

function endByFailure(soFar: AnswerSoFar, why: KiroFailure): Ending {
  const { stopReason, wroteAnything, isComplete, openCalls, completedCalls } = soFar
  const overflowed = why.kind === "input-too-long"
  // A complete call is already running: the host must not repeat the turn.
  if (completedCalls > 0) return inOrder("tool_calls", overflowed)
  if (wroteAnything && overflowed) return inOrder("length", overflowed)
  // The turn was over: nothing of it is missing, whatever became of the connection behind it.
  if (stopReason !== undefined && openCalls === 0 && !overflowed) return endOfStream(soFar)
  // Nothing came but what it cost: each repeat would cost it again.
  if (!wroteAnything && isComplete && BROKEN.has(why.kind)) return failed("empty-answer", why.message)
  if (!PASSING.has(why.kind)) return { outcome: "failed", failure: why, afterwards: "stop" }
  return { outcome: "failed", failure: why, afterwards: openCalls === 0 ? "repeat" : "go-on" }
}

function inOrder(finishReason: FinishReason, overflowed = false): Ending {
  return { outcome: "finished", finishReason, overflowed }
}

function failed(kind: FailureKind, message: string): Ending {
  return { outcome: "failed", failure: { kind, status: 0, message }, afterwards: "stop" }
}

/** What the service's stopReason is in Chat Completions; undefined for none and for one that nobody knows. */
function mapStopReason(stopReason: string | undefined): FinishReason | undefined {
  switch (stopReason?.toUpperCase()) {
    case "END_TURN":
    case "STOP_SEQUENCE":
      return "stop"
    case "TOOL_USE":
      return "tool_calls"
    case "MAX_TOKENS":
    case "MODEL_CONTEXT_WINDOW_EXCEEDED":
      return "length"
    case "CONTENT_FILTERED":
    case "GUARDRAIL_INTERVENED":
    case "REFUSAL":
      return "content_filter"
    default:
      return undefined
  }
}
