/** Loaded at a host's start, so nothing that takes time is behind this door: the services load with their first use. */
export { type Host, type HostOptions, startHost } from "./host.ts"
export type { AccountAct, ActDone, Management } from "./manage.ts"
export {
  modelCatalogue,
  type ModelCatalogue,
  modelName,
  PROVIDER_ID,
  readCachedModels,
  type ThinkingVariant,
  thinkingVariants,
} from "./offered-models.ts"
export type { Services } from "./services.ts"
