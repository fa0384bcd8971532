import {
  modelCatalogue,
  type ModelCatalogue,
  modelName,
  PROVIDER_ID,
  type ThinkingVariant,
  thinkingVariants,
} from "../host/index.ts"
import { isObject, type JsonObject, stringField } from "../json.ts"
import { type KiroModel, type LiveModel, qualifiedId } from "../kiro/models/index.ts"
import type { Fetch } from "../runtime.ts"

const NPM = "@ai-sdk/openai-compatible"
/** OpenCode asks for some key; no token of ours ever stands here. */
const PLACEHOLDER_KEY = "kiro"

export interface ProviderInjection {
  /** The configuration object that OpenCode hands to the hook, and reads afterwards. */
  readonly config: { [key: string]: unknown }
  readonly fetch: Fetch
  /** Never called: it marks the requests that `fetch` answers. */
  readonly baseURL: string
  /** The merged live list; absent before any. */
  readonly live?: readonly LiveModel[] | undefined
}

/**
 * Puts the provider `kiro` into OpenCode's configuration. The user's own `provider.kiro` is merged over ours key by key.
 * npm package and URL are ours, per provider and per model, and only ours and the user's models are listed: an entry of
 * OpenCode's public catalogue, whatever it says, can't take requests away or add models.
 */
export function injectProvider({ config, fetch, baseURL, live }: ProviderInjection): void {
  const providers = isObject(config["provider"]) ? config["provider"] : {}
  const user = isObject(providers[PROVIDER_ID]) ? providers[PROVIDER_ID] : {}
  const userModels = isObject(user["models"]) ? user["models"] : {}
  const models = mergeModels({ catalogue: modelCatalogue(live), userModels, config, baseURL })
  const userOptions = isObject(user["options"]) ? user["options"] : {}
  config["provider"] = {
    ...providers,
    [PROVIDER_ID]: {
      name: "Kiro",
      env: [],
      whitelist: Object.keys(models),
      ...user,
      npm: NPM,
      api: baseURL,
      options: { ...HOST_TIMEOUTS_OFF, apiKey: PLACEHOLDER_KEY, ...userOptions, baseURL, fetch },
      models,
    },
  }
}

/** OpenCode's own limits would end long thinking and long waits; `request_timeout_ms` rules instead. */
const HOST_TIMEOUTS_OFF = { timeout: false, headerTimeout: false, chunkTimeout: false }

/**
 * OpenCode lets an entry inherit what it does not say (an input limit, headers, variants) from the public catalogue's
 * model of the same `id`. The qualified id stands in no catalogue: nothing is inherited.
 */
function mergeModels({
  catalogue,
  userModels,
  config,
  baseURL,
}: {
  readonly catalogue: ModelCatalogue
  readonly userModels: JsonObject
  readonly config: JsonObject
  readonly baseURL: string
}): JsonObject {
  const offered = catalogue.offered.map(({ id }) => id)
  const ids = new Set([...offered, ...Object.keys(userModels), ...chosenModels(config)])
  const variantsOf = createVariants()
  const merged = [...ids].map((id): [string, JsonObject] => {
    const user = isObject(userModels[id]) ? userModels[id] : undefined
    const asked = stringField(user ?? {}, "id") ?? id
    const model = catalogue.find(asked)
    const variants = variantsOf(model)
    const ours = { ...modelEntry(model), variants, release_date: releaseDate(catalogue.rank(id)) }
    const entry = user === undefined ? ours : mergeModel(ours, user)
    return [id, { ...entry, id: qualifiedId(asked), provider: { npm: NPM, api: baseURL } }]
  })
  return Object.fromEntries(merged)
}

/**
 * OpenCode's picker puts the latest `release_date` first, by the text. No date is given: the desktop app hides a model
 * whose date is some months ago, and shows one whose date it can't read.
 */
function releaseDate(rank: number): string {
  return `rank ${String(rank).padStart(4, "0")}`
}

/** Models of ours that the user's settings name: they work although the list does not offer them. */
function chosenModels(config: JsonObject): string[] {
  const agents = [config["agent"], config["mode"], config["command"]].flatMap((group) =>
    isObject(group) ? Object.values(group) : [],
  )
  const names = [
    config["model"],
    config["small_model"],
    ...agents.map((agent) => isObject(agent) && agent["model"]),
  ]
  return names.flatMap((name) => {
    const prefix = `${PROVIDER_ID}/`
    return typeof name === "string" && name.startsWith(prefix) && name.length > prefix.length
      ? [name.slice(prefix.length)]
      : []
  })
}

/** One model in OpenCode's configuration, as far as we set it. Costs are 0 because Kiro bills credits. */
function modelEntry(model: KiroModel): JsonObject {
  return {
    name: modelName(model),
    family: model.family,
    status: "active",
    attachment: model.input.length > 1,
    reasoning: model.thinking !== "none",
    temperature: false,
    tool_call: true,
    cost: { input: 0, output: 0, cache_read: 0, cache_write: 0 },
    limit: { context: model.contextWindow, output: model.maxOutputTokens },
    modalities: { input: model.input, output: ["text"] },
  }
}

/** The variants that OpenCode may make by itself for a model that reasons: those that are not ours are switched off. */
const AUTOMATIC_VARIANTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max", "thinking"]

/** Most models have those of another: they are made once, and each model has its own object of them. */
function createVariants(): (model: KiroModel) => JsonObject {
  const known = new Map<string, JsonObject>()
  return (model) => {
    if (model.thinking === "none") return {}
    const listed = thinkingVariants(model)
    const key = JSON.stringify(listed)
    const variants = known.get(key) ?? variantsOf(listed)
    known.set(key, variants)
    return { ...variants }
  }
}

function variantsOf(listed: ReturnType<typeof thinkingVariants>): JsonObject {
  const ours = new Map(listed.map(([name, variant]) => [name, variantEntry(variant)]))
  const others = AUTOMATIC_VARIANTS.filter((name) => !ours.has(name))
  return {
    ...Object.fromEntries(ours),
    ...Object.fromEntries(others.map((name) => [name, { disabled: true }])),
  }
}

function variantEntry(variant: ThinkingVariant): JsonObject {
  return variant.kind === "budget"
    ? { thinkingConfig: { thinkingBudget: variant.tokens } }
    : { reasoningEffort: variant.effort }
}

/** A variant that the user defined replaces one that we only switched off; all else is merged key by key. */
function mergeModel(ours: JsonObject, user: JsonObject): JsonObject {
  const userVariants = isObject(user["variants"]) ? user["variants"] : {}
  const ourVariants = isObject(ours["variants"]) ? ours["variants"] : {}
  const kept = Object.entries(ourVariants).filter(
    ([name, variant]) => !(name in userVariants && isObject(variant) && variant["disabled"] === true),
  )
  return mergeDeep({ ...ours, variants: Object.fromEntries(kept) }, user)
}

function mergeDeep(ours: JsonObject, user: JsonObject): JsonObject {
  const merged = Object.entries(user).map(([key, value]): [string, unknown] => {
    const own = ours[key]
    return [key, isObject(own) && isObject(value) ? mergeDeep(own, value) : (value ?? own)]
  })
  return { ...ours, ...Object.fromEntries(merged) }
}
