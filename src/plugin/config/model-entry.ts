import type { KiroModel } from "../../kiro/models/index.ts"

/** One model in OpenCode's configuration, as far as we set it. */
export interface ModelEntry {
  readonly name: string
  readonly family: string
  readonly status: "active"
  readonly attachment: boolean
  readonly reasoning: boolean
  readonly temperature: false
  readonly tool_call: true
  readonly cost: { readonly input: 0; readonly output: 0; readonly cache_read: 0; readonly cache_write: 0 }
  readonly limit: { readonly context: number; readonly output: number }
  readonly modalities: { readonly input: readonly string[]; readonly output: readonly ["text"] }
  readonly variants: { readonly [name: string]: Variant }
}

export type Variant =
  | { readonly disabled: true }
  | { readonly thinkingConfig: { readonly thinkingBudget: number } }
  | { readonly reasoningEffort: string }

/** The variants that OpenCode may make by itself for a model that reasons: those that are not ours are switched off. */
const AUTOMATIC_VARIANTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max", "thinking"] as const

/** The budgets that users of older plugins know; `high` is OpenCode's own, an effort. */
const BUDGET_VARIANTS: { readonly [name: string]: Variant } = {
  low: { thinkingConfig: { thinkingBudget: 8192 } },
  medium: { thinkingConfig: { thinkingBudget: 16_384 } },
  high: { reasoningEffort: "high" },
  max: { thinkingConfig: { thinkingBudget: 32_768 } },
}

/** Costs are 0 because Kiro bills credits: the multiplier is in the name. */
export function modelEntry(model: KiroModel): ModelEntry {
  return {
    name: model.rate === undefined ? model.name : `${model.name} (${model.rate}x)`,
    family: model.family,
    status: "active",
    attachment: model.input.length > 1,
    reasoning: model.thinking !== "none",
    temperature: false,
    tool_call: true,
    cost: { input: 0, output: 0, cache_read: 0, cache_write: 0 },
    limit: { context: model.contextWindow, output: model.maxOutputTokens },
    modalities: { input: model.input, output: ["text"] },
    variants: variantsOf(model),
  }
}

function variantsOf(model: KiroModel): { readonly [name: string]: Variant } {
  if (model.thinking === "none") return {}
  const ours = ownVariants(model)
  const others = AUTOMATIC_VARIANTS.filter((name) => !(name in ours))
  return { ...ours, ...Object.fromEntries(others.map((name) => [name, { disabled: true } as const])) }
}

function ownVariants(model: KiroModel): { readonly [name: string]: Variant } {
  if (model.variants === "budgets" || model.thinking === "tags") return BUDGET_VARIANTS
  const names = model.fieldSchema?.thinking.flatMap(({ variants }) => variants) ?? []
  return Object.fromEntries(names.map((name) => [name, { reasoningEffort: name }]))
}
