import { present } from "../../json.ts"
import type { KiroModel } from "./catalogue.ts"
import {
  budgetOfEffort,
  clampBudget,
  DEFAULT_BUDGET,
  type Effort,
  effortOfBudget,
  type FieldSchema,
  isEffort,
  isRequestField,
  type RequestField,
  type ThinkingField,
  withoutFields,
} from "./fields.ts"
import { thinkingOf } from "./resolve.ts"

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

/** Whether a request asks for thinking, by whatever way. That it shall not think may have to be said as well. */
export function asksToThink(model: KiroModel, wish: ThinkingWish): boolean {
  const wanted = readWish(model, wish)
  return wanted !== "off" && wanted !== "unsaid"
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
  const values = listed.map(({ name, on, off }) => [name, wish === "off" ? off : on?.(wish.effort)] as const)
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

/** What the service refused of a model and is not sent to it again. */
export type RefusedPart = RequestField | "documents" | "images"

/**
 * The model as it is after what the service refused: without these fields (a Claude model falls back to the thinking
 * tags) and without documents or images. Names that mean no such part are passed over.
 */
export function withoutRefused(model: KiroModel, refused: Iterable<string>): KiroModel {
  const names = new Set(refused)
  if (names.size === 0) return model
  const { fieldSchema: whole, ...rest } = model
  const fieldSchema = whole && withoutFields(whole, names)
  const thinking =
    model.thinking === "native"
      ? thinkingOf({ ...present({ fieldSchema }), tags: model.family.startsWith("claude-") })
      : model.thinking
  const input = model.input.filter(
    (type) => !(type === "pdf" && names.has("documents")) && !(type === "image" && names.has("images")),
  )
  return { ...rest, ...present({ fieldSchema }), thinking, input }
}

/**
 * Which of the fields that were sent the service refused: those its message names, else all of them. Empty where
 * none was sent, which means that the refusal was about something else.
 */
export function refusedFields(sent: RequestFields | undefined, message: string): readonly RequestField[] {
  const names = Object.keys(sent ?? {}).filter(isRequestField)
  const named = names.filter((field) => mentions(message, field))
  return named.length > 0 ? named : names
}

function mentions(message: string, field: RequestField): boolean {
  if (field === "output_config") return /output_config|effort/.test(message)
  return new RegExp(`\\b${field}\\b`).test(message)
}
