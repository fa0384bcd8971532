import { currentOf, turnsOf } from "./conversation.ts"
import { improperlyFormed, type Rule } from "./rule.ts"

const MOST_CACHE_POINTS = 4

/** Only for models that cache prompts, and no more than they say. */
export const checkCachePoints: Rule = (body, { models }) => {
  const count = turnsOf(body).filter(({ message }) => message.cachePoint != null).length
  if (count === 0) return undefined
  const model = models.find(({ modelId }) => modelId === currentOf(body).modelId)
  return model?.promptCaching !== false && count <= MOST_CACHE_POINTS ? undefined : improperlyFormed
}
