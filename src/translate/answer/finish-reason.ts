import type { FinishReason } from "../../openai/index.ts"

/** What the service's stopReason is in Chat Completions; undefined for none and for one that nobody knows. */
export function mapStopReason(stopReason: string | undefined): FinishReason | undefined {
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
