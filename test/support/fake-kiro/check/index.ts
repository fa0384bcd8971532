import { checkCachePoints } from "./cache-points.ts"
import type { ChatRequestBody } from "./conversation.ts"
import { checkContent, checkEnvironment, checkNoToolsInHistory, checkOrder } from "./history.ts"
import { checkConversationId, checkModelId } from "./identity.ts"
import { checkDocuments, checkImages, checkMediaHaveWords } from "./media.ts"
import { checkModelFields } from "./model-fields.ts"
import { checkReasoning } from "./reasoning.ts"
import type { CheckContext, Refusal, Rule } from "./rule.ts"
import { checkShape } from "./shape.ts"
import { checkSize } from "./size.ts"
import { checkText } from "./text.ts"
import { checkToolInputs, checkToolPairs, checkToolUseIds } from "./tool-pairs.ts"
import { checkToolSchemas } from "./tool-schema.ts"
import {
  checkNoCachePointInTools,
  checkToolBudget,
  checkToolDescriptions,
  checkToolNames,
  checkToolsDeclared,
  checkToolsUnique,
} from "./tools.ts"

export type { CheckContext, Refusal } from "./rule.ts"
export { promptTokens } from "./size.ts"

/** In the order in which the service finds fault. */
const RULES: readonly Rule[] = [
  checkConversationId,
  checkModelId,
  checkOrder,
  checkNoToolsInHistory,
  checkContent,
  checkEnvironment,
  checkToolPairs,
  checkToolsDeclared,
  checkNoCachePointInTools,
  checkToolBudget,
  checkToolsUnique,
  checkToolNames,
  checkToolDescriptions,
  checkToolSchemas,
  checkToolUseIds,
  checkToolInputs,
  checkCachePoints,
  checkMediaHaveWords,
  checkImages,
  checkDocuments,
  checkSize,
  checkModelFields,
  checkReasoning,
]

/**
 * What the service would say of this GenerateAssistantResponse body; `undefined`: it takes it. `body` is the parsed
 * JSON, or `undefined` where the text was none.
 */
export function checkChatRequest(body: unknown, context: CheckContext): Refusal | undefined {
  const early = checkText(body) ?? checkShape(body)
  if (early !== undefined) return early
  const checked = body as ChatRequestBody
  for (const rule of RULES) {
    const refusal = rule(checked, context)
    if (refusal !== undefined) return refusal
  }
  return undefined
}
