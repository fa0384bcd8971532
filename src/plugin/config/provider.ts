import { isObject, type JsonObject, stringField } from "../../json.ts"
import {
  type KiroModel,
  type LiveModel,
  offeredModels,
  qualifiedId,
  resolveModel,
} from "../../kiro/models/index.ts"
import type { Fetch } from "../../runtime.ts"
import { modelEntry } from "./model-entry.ts"

export const PROVIDER_ID = "kiro"
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
  const models = mergeModels({ offered: offeredModels(live), userModels, config, live, baseURL })
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

interface ModelMerge {
  readonly offered: readonly KiroModel[]
  readonly userModels: JsonObject
  readonly config: JsonObject
  readonly live: readonly LiveModel[] | undefined
  readonly baseURL: string
}

/**
 * OpenCode lets an entry inherit what it does not say (an input limit, headers, variants) from the public catalogue's
 * model of the same `id`. The qualified id stands in no catalogue: nothing is inherited.
 */
function mergeModels({ offered, userModels, config, live, baseURL }: ModelMerge): JsonObject {
  const known = new Map(offered.map((model) => [model.id, model]))
  const ids = new Set([...known.keys(), ...Object.keys(userModels), ...chosenModels(config)])
  const merged = [...ids].map((id): [string, JsonObject] => {
    const user = isObject(userModels[id]) ? userModels[id] : {}
    const asked = stringField(user, "id") ?? id
    const model = known.get(asked) ?? resolveModel(asked, live)
    const entry = mergeModel({ ...modelEntry(model) }, user)
    return [id, { ...entry, id: qualifiedId(asked), provider: { npm: NPM, api: baseURL } }]
  })
  return Object.fromEntries(merged)
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
