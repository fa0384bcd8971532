import {
  budgetOfEffort,
  clampBudget,
  DEFAULT_BUDGET,
  type Effort,
  effortOfBudget,
  isEffort,
} from "./effort.ts"
import type { FieldSchema } from "./field-schema.ts"
import type { KiroModel } from "./model.ts"
import type { ThinkingField } from "./thinking-fields.ts"

/** What a chat request says about thinking. */
export interface ThinkingWish {
  /** `reasoning_effort`, as it came: `none` and `minimal` are understood too. */
  readonly reasoningEffort?: string | undefined
  /** `thinkingConfig.thinkingBudget`, in tokens; 0 means no thinking. */
  readonly thinkingBudget?: number | undefined
  /** A title never thinks. */
  readonly purpose?: string | undefined
}

export type RequestFields = { readonly [field: string]: unknown }

export type ThinkingPlan =
  | { readonly mode: "native"; readonly fields: RequestFields }
  /** Goes before the system prompt, byte for byte the same in every turn of the same wish. */
  | { readonly mode: "tags"; readonly systemPrefix: string }
  | { readonly mode: "none" }

type Wish = "off" | "unsaid" | { readonly effort: Effort; readonly budget: number }

/**
 * How a request is made to think: native fields where the model's schema lists them, prompt tags where not, nothing
 * where the model can't. A budget wins over an effort; never a field or a value that the schema does not list.
 */
export function chooseThinking(model: KiroModel, wish: ThinkingWish): ThinkingPlan {
  const wanted = readWish(model, wish)
  if (wanted === "unsaid") return { mode: "none" }
  if (model.thinking === "native") return nativePlan(model.fieldSchema?.thinking ?? [], wanted)
  if (model.thinking === "none" || wanted === "off") return { mode: "none" }
  return { mode: "tags", systemPrefix: thinkingTags(clampBudget(wanted.budget, model.maxOutputTokens)) }
}

function readWish(model: KiroModel, wish: ThinkingWish): Wish {
  if (wish.purpose === "title") return "off"
  if (wish.thinkingBudget === 0) return "off"
  if (wish.thinkingBudget !== undefined && wish.thinkingBudget > 0)
    return { effort: effortOfBudget(wish.thinkingBudget), budget: wish.thinkingBudget }
  const word = wish.reasoningEffort?.toLowerCase()
  if (word === "none") return "off"
  const effort = word === "minimal" ? "low" : word
  if (effort !== undefined && isEffort(effort)) return { effort, budget: budgetOfEffort(effort) }
  return model.thinksByDefault ? { effort: effortOfBudget(DEFAULT_BUDGET), budget: DEFAULT_BUDGET } : "unsaid"
}

function nativePlan(listed: readonly ThinkingField[], wish: Exclude<Wish, "unsaid">): ThinkingPlan {
  const values = listed.map(({ name, on, off }) => [name, wish === "off" ? off : on?.[wish.effort]] as const)
  const fields = values.filter(([, value]) => value !== undefined)
  return fields.length === 0 ? { mode: "none" } : { mode: "native", fields: Object.fromEntries(fields) }
}

function thinkingTags(budget: number): string {
  return `<thinking_mode>enabled</thinking_mode><max_thinking_length>${budget}</max_thinking_length>`
}

/**
 * `additionalModelRequestFields` of a request: those of the plan, and `max_tokens` where the schema lists it, inside
 * its bounds. `undefined` where there is nothing to send.
 */
export function requestFields({
  model,
  plan,
  maxTokens,
}: {
  readonly model: KiroModel
  readonly plan: ThinkingPlan
  readonly maxTokens?: number | undefined
}): RequestFields | undefined {
  const fields = {
    ...(plan.mode === "native" && plan.fields),
    ...maxTokensField(model.fieldSchema?.maxTokens, maxTokens),
  }
  return Object.keys(fields).length === 0 ? undefined : fields
}

function maxTokensField(bounds: FieldSchema["maxTokens"], maxTokens: number | undefined): RequestFields {
  if (bounds === undefined || maxTokens === undefined) return {}
  const least = Math.max(maxTokens, bounds.minimum ?? 1)
  return { max_tokens: Math.floor(Math.min(least, bounds.maximum ?? least)) }
}
