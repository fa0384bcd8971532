import { isObject } from "../../../../src/json.ts"
import { toolResultsOf, toolUsesOf, turnsOf } from "./conversation.ts"
import { refuse, type Refusal, type Rule } from "./rule.ts"

const TOOL_USE_ID = /^[A-Za-z0-9_-]{1,64}$/

/** Every use is answered once in the very next turn, and every result belongs to the turn right before it. */
export const checkToolPairs: Rule = (body) => {
  const turns = turnsOf(body)
  for (const [index, turn] of turns.entries()) {
    if (turn.role !== "user") continue
    const asked = toolUsesOf(turns[index - 1]).map(({ toolUseId }) => toolUseId ?? "")
    const answered = toolResultsOf(turn).map(({ toolUseId }) => toolUseId ?? "")
    const refusal = mismatch(asked, answered, index)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

export const checkToolUseIds: Rule = (body) => {
  const ids = turnsOf(body).flatMap((turn) => [...toolUsesOf(turn), ...toolResultsOf(turn)])
  return ids.every(({ toolUseId }) => TOOL_USE_ID.test(toolUseId ?? "")) ? undefined : invalidToolUse
}

/** What a tool was called with is an object: the schema alone would take any document. */
export const checkToolInputs: Rule = (body) =>
  turnsOf(body)
    .flatMap(toolUsesOf)
    .every(({ input }) => isObject(input))
    ? undefined
    : invalidToolUse

export const invalidToolUse: Refusal = refuse("Invalid tool use format.", "REQUEST_BODY_INVALID")

function mismatch(asked: readonly string[], answered: readonly string[], index: number): Refusal | undefined {
  const unanswered = asked.filter((id) => !answered.includes(id))
  if (unanswered.length > 0)
    return bedrock(
      `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${unanswered.join(", ")}`,
    )
  const unasked = answered.filter((id) => !asked.includes(id))
  if (unasked.length > 0)
    return bedrock(
      `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${unasked.join(", ")}`,
    )
  const twice = new Set(asked).size < asked.length || new Set(answered).size < answered.length
  return twice ? bedrock(`messages.${index}: each tool_use must have a single result`) : undefined
}

function bedrock(message: string): Refusal {
  return refuse(`Bedrock error message: ${message}`, "TOOL_USE_RESULT_MISMATCH")
}
