import type { LiveModel } from "../model-list.ts"
import { BUILT_IN } from "./catalogue.ts"
import { builtInModel, modelKey } from "./known.ts"
import type { KiroModel } from "./model.ts"
import { resolveModel } from "./resolve.ts"

/**
 * What is offered to OpenCode: the live list (with the further ids of its models) where one exists, the built-in table
 * before. A model that vanished from the list still resolves, but is not offered; those that older plugins offered
 * stay, because users have them in their settings.
 */
export function offeredModels(live: readonly LiveModel[] = []): readonly KiroModel[] {
  const known = live.length === 0 ? undefined : live
  const listed = new Set(live.map((model) => modelKey(model.wireId)))
  const table = BUILT_IN.filter((model) => model.kept || known === undefined)
  const unlisted = table.filter((model) => !listed.has(modelKey(model.wireId)))
  const ids = [...live, ...unlisted].flatMap((model) => publicIds(model.wireId))
  return [...new Set(ids)].map((id) => resolveModel(id, known))
}

function publicIds(wireId: string): string[] {
  const key = modelKey(wireId)
  const twins = builtInModel(key)?.twins ?? []
  return [key, ...twins.map((twin) => key + twin)]
}
