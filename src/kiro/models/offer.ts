import type { KiroModel, LiveModel, ModelInput } from "./catalogue.ts"
import { offeredModels, resolveModel } from "./resolve.ts"

/**
 * A model as a host lists it. Plain values, so that kiro-models.json can hold them ready for the next start. Sizes in
 * tokens.
 */
export interface OfferedModel {
  /** The public id, with dashes. */
  readonly id: string
  /** With what it costs behind it: Kiro bills credits, not tokens. */
  readonly name: string
  readonly family: string
  readonly contextWindow: number
  readonly maxOutputTokens: number
  readonly input: readonly ModelInput[]
  readonly thinks: boolean
  /** How its thinking is chosen, in the order in which it is offered: a budget in tokens, or an effort of its schema. */
  readonly variants: { readonly [name: string]: number | string }
  /** Its place in a picker that puts the highest number first; 0 where it is not offered. */
  readonly rank: number
}

/** All models that a host offers, in their order; `live` is the merged list, absent before any. */
export function offerModels(live: readonly LiveModel[] | undefined): readonly OfferedModel[] {
  const models = offeredModels(live)
  return models.map((model, index) => describe(model, models.length - index))
}

/** What is known of an id that is not offered: of the family that it names. */
export function describeModel(id: string, live: readonly LiveModel[] | undefined): OfferedModel {
  return describe(resolveModel(id, live), 0)
}

function describe(model: KiroModel, rank: number): OfferedModel {
  const { id, name, rate, family, contextWindow, maxOutputTokens, input } = model
  return {
    id,
    name: rate === undefined ? name : `${name} (${rate}x)`,
    family,
    contextWindow,
    maxOutputTokens,
    input,
    thinks: model.thinking !== "none",
    variants: variantsOf(model),
    rank,
  }
}

/** The budgets that users of older plugins know. `high` is OpenCode 1's own, an effort. */
const BUDGETS = { low: 8192, medium: 16_384, high: "high", max: 32_768 }

function variantsOf(model: KiroModel): OfferedModel["variants"] {
  if (model.thinking === "none") return {}
  if (model.variants === "budgets" || model.thinking === "tags") return BUDGETS
  const efforts = model.fieldSchema?.thinking.flatMap(({ variants }) => variants) ?? []
  return Object.fromEntries(efforts.map((effort) => [effort, effort]))
}
