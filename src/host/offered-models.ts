import {
  decodeModelLists,
  type KiroModel,
  type LiveModel,
  mergeModelLists,
  offeredModels,
  resolveModel,
} from "../kiro/models/index.ts"
import { readSmallFile } from "../settings/index.ts"

/** The name of our provider in both hosts. */
export const PROVIDER_ID = "kiro"

export interface CachedModels {
  /** The union of all accounts' lists; absent before any. */
  readonly live?: readonly LiveModel[]
  /** Why the file was passed over. */
  readonly problem?: string
}

/** Reads kiro-models.json, the only file that the start reads for models. Broken or missing: the built-in table counts. */
export function readCachedModels(path: string): CachedModels {
  const file = readSmallFile(path)
  if (file.state === "missing") return {}
  if (file.state === "failed") return { problem: `${path} ${file.message}` }
  const lists = decodeModelLists(file.text)
  if (lists === undefined)
    return { problem: `${path} holds no model lists; it is written anew after the next answer` }
  const live = mergeModelLists(lists)
  return live === undefined ? {} : { live }
}

/** Finds what is known of an id: of those that are offered, or of the family that it names. */
export interface ModelCatalogue {
  readonly offered: readonly KiroModel[]
  find(id: string): KiroModel
  /** The place of an id in a picker that puts the highest number first; 0 where it is not offered. */
  rank(id: string): number
}

export function modelCatalogue(live: readonly LiveModel[] | undefined): ModelCatalogue {
  const offered = offeredModels(live)
  const known = new Map(offered.map((model) => [model.id, model]))
  const upwards = offered.map(({ id }) => id).toReversed()
  return {
    offered,
    find: (id) => known.get(id) ?? resolveModel(id, live),
    rank: (id) => upwards.indexOf(id) + 1,
  }
}

/** Kiro bills credits, not tokens: what a model costs stands behind its name. */
export function modelName({ name, rate }: KiroModel): string {
  return rate === undefined ? name : `${name} (${rate}x)`
}

/** How a model's thinking is chosen: by the budgets that users of older plugins know, or by the efforts of its schema. */
export type ThinkingVariant =
  | { readonly kind: "budget"; readonly tokens: number }
  | { readonly kind: "effort"; readonly effort: string }

/** `high` is OpenCode 1's own, an effort. */
const BUDGETS: readonly (readonly [string, ThinkingVariant])[] = [
  ["low", { kind: "budget", tokens: 8192 }],
  ["medium", { kind: "budget", tokens: 16_384 }],
  ["high", { kind: "effort", effort: "high" }],
  ["max", { kind: "budget", tokens: 32_768 }],
]

/** The variants of a model by their names, in the order in which they are offered. */
export function thinkingVariants(model: KiroModel): readonly (readonly [string, ThinkingVariant])[] {
  if (model.thinking === "none") return []
  if (model.variants === "budgets" || model.thinking === "tags") return BUDGETS
  const names = model.fieldSchema?.thinking.flatMap(({ variants }) => variants) ?? []
  return [...new Set(names)].map((effort) => [effort, { kind: "effort", effort }])
}
