import type { LiveModel } from "../model-list.ts"
import { BUILT_IN } from "./catalogue.ts"
import { builtInModel, modelKey } from "./known.ts"
import type { KiroModel } from "./model.ts"
import { resolveModel } from "./resolve.ts"

/** Every public id of the built-in table. */
export const CATALOGUE: readonly KiroModel[] = BUILT_IN.flatMap((model) => publicIds(model.wireId)).map(
  (id) => resolveModel(id),
)

/**
 * What is offered to OpenCode: the live list (with the further ids of its models) where one exists, the built-in table
 * before. A model that vanished from the list still resolves, but is not offered; those that older plugins offered
 * stay, because users have them in their settings.
 */
export function offeredModels(live: readonly LiveModel[] | undefined): readonly KiroModel[] {
  if (live === undefined || live.length === 0) return CATALOGUE
  const listed = new Set(live.map((model) => modelKey(model.wireId)))
  const kept = BUILT_IN.filter((model) => model.kept && !listed.has(modelKey(model.wireId)))
  const ids = [...live, ...kept].flatMap((model) => publicIds(model.wireId))
  return [...new Set(ids)].map((id) => resolveModel(id, live))
}

function publicIds(wireId: string): string[] {
  const key = modelKey(wireId)
  const twins = builtInModel(key)?.twins ?? []
  return [key, ...twins.map((twin) => key + twin)]
}
