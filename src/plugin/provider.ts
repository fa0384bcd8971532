import type { Offer } from "../host/index.ts"
import { asObject, isObject, type JsonObject, stringField } from "../json.ts"
import type { OfferedModel } from "../kiro/models/index.ts"
import type { Fetch } from "../runtime.ts"
import { PROVIDER_ID, QUALIFIER, unqualified } from "../version.ts"

const NPM = "@ai-sdk/openai-compatible"
/** OpenCode asks for some key; no token of ours ever stands here. */
const PLACEHOLDER_KEY = "kiro"

export interface ProviderInjection {
  /** The configuration object that OpenCode hands to the hook, and reads afterwards. */
  readonly config: { [key: string]: unknown }
  readonly fetch: Fetch
  /** Never called: it marks the requests that `fetch` answers. */
  readonly baseURL: string
  readonly offer: Offer
  /** The command line, which may name a model too. */
  readonly argv?: readonly string[]
}

/**
 * Puts the provider `kiro` into OpenCode's configuration. The user's own `provider.kiro` is merged over ours key by key.
 * npm package and URL are ours, per provider and per model, and only ours and the user's models are listed: an entry of
 * OpenCode's public catalogue, whatever it says, can't take requests away or add models.
 */
export async function injectProvider({
  config,
  fetch,
  baseURL,
  offer,
  argv = [],
}: ProviderInjection): Promise<void> {
  const providers = asObject(config["provider"])
  const user = asObject(providers[PROVIDER_ID])
  const chosen = chosenModels(config, argv)
  const models = await mergeModels({ offer, userModels: asObject(user["models"]), chosen, baseURL })
  const userOptions = asObject(user["options"])
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
async function mergeModels({
  offer,
  userModels,
  chosen,
  baseURL,
}: {
  readonly offer: Offer
  readonly userModels: JsonObject
  readonly chosen: readonly string[]
  readonly baseURL: string
}): Promise<JsonObject> {
  const offered = new Map(offer.models.map((model) => [model.id, model]))
  const ids = [...new Set([...offered.keys(), ...Object.keys(userModels), ...chosen])]
  const variantsOf = createVariants()
  const merged = ids.map(async (id): Promise<[string, JsonObject]> => {
    const user = isObject(userModels[id]) ? userModels[id] : undefined
    const asked = stringField(user ?? {}, "id") ?? id
    const model = offered.get(asked) ?? (await offer.catalogue()).describe(asked)
    const release_date = releaseDate(offered.get(id)?.rank ?? 0)
    const ours = { ...modelEntry(model), variants: variantsOf(model), release_date }
    const entry = user === undefined ? ours : mergeModel(ours, user)
    return [id, { ...entry, id: QUALIFIER + unqualified(asked), provider: { npm: NPM, api: baseURL } }]
  })
  return Object.fromEntries(await Promise.all(merged))
}

/**
 * OpenCode's picker puts the latest `release_date` first, by the text. No date is given: the desktop app hides a model
 * whose date is some months ago, and shows one whose date it can't read.
 */
function releaseDate(rank: number): string {
  return `rank ${String(rank).padStart(4, "0")}`
}

/** Models of ours that the user names, in the settings or by `-m`: they work although the list does not offer them. */
function chosenModels(config: JsonObject, argv: readonly string[]): string[] {
  const agents = [config["agent"], config["mode"], config["command"]].flatMap((group) =>
    Object.values(asObject(group)),
  )
  const typed = argv.map((word) => word.replace(/^(?:--model=|-m=?)/, ""))
  const names = [
    config["model"],
    config["small_model"],
    ...agents.map((agent) => asObject(agent)["model"]),
    ...typed,
  ]
  return names.flatMap((name) =>
    typeof name === "string" && name.startsWith(QUALIFIER) && name !== QUALIFIER ? [unqualified(name)] : [],
  )
}

/** One model in OpenCode's configuration, as far as we set it. Costs are 0 because Kiro bills credits. */
function modelEntry(model: OfferedModel): JsonObject {
  return {
    name: model.name,
    family: model.family,
    status: "active",
    attachment: model.input.length > 1,
    reasoning: model.thinks,
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
function createVariants(): (model: OfferedModel) => JsonObject {
  const known = new Map<string, JsonObject>()
  return ({ thinks, variants: offered }) => {
    if (!thinks) return {}
    const key = JSON.stringify(offered)
    const variants = known.get(key) ?? variantsOf(offered)
    known.set(key, variants)
    return { ...variants }
  }
}

function variantsOf(offered: OfferedModel["variants"]): JsonObject {
  const ours = Object.entries(offered).map(([name, choice]) => [name, variantEntry(choice)] as const)
  const others = AUTOMATIC_VARIANTS.filter((name) => !Object.hasOwn(offered, name))
  return {
    ...Object.fromEntries(ours),
    ...Object.fromEntries(others.map((name) => [name, { disabled: true }])),
  }
}

function variantEntry(choice: number | string): JsonObject {
  return typeof choice === "number"
    ? { thinkingConfig: { thinkingBudget: choice } }
    : { reasoningEffort: choice }
}

/** A variant that the user defined replaces one that we only switched off; all else is merged key by key. */
function mergeModel(ours: JsonObject, user: JsonObject): JsonObject {
  const userVariants = asObject(user["variants"])
  const kept = Object.entries(asObject(ours["variants"])).filter(
    ([name, variant]) => !(name in userVariants && asObject(variant)["disabled"] === true),
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
