import { readOffer } from "../host/index.ts"
import { asObject, isObject, type JsonObject, stringField } from "../json.ts"
import type { OfferedModel } from "../kiro/models/index.ts"
import type { Log } from "../runtime.ts"
import { PROVIDER_ID } from "../version.ts"
import { methodOf } from "./context.ts"

export interface ModelsOptions {
  /** kiro-models.json. */
  readonly path: string
  /** Of the built provider module, a `file:` URL. */
  readonly providerUrl: string
  /** Told by the settings of every model, by which their calls find the gateway of this location. */
  readonly location: string
  readonly log: Log
}

/** Our provider and its models as OpenCode 2 lists them. */
export interface OfferedProvider {
  /** For a provider transform: replays with what is known now. */
  offer(editor: unknown): void
  /**
   * For a provider transform behind the user's own configuration: a pasted block of OpenCode 1 names a package and an
   * address, and the host would answer by those.
   */
  pinProvider(editor: unknown): void
  /** The same for a model transform. Models that only the user names get what is known of their ids. */
  pinModels(editor: unknown): void
  /** Whether all that the host lists is as it was pinned, and as it is offered. */
  arePinned(listed: readonly unknown[]): boolean
  /** Reads the live lists again; whether something is new. */
  refresh(): Promise<boolean>
}

type HostDraft = { [key: string]: unknown }

export async function offerProvider(options: ModelsOptions): Promise<OfferedProvider> {
  const { path, providerUrl, location, log } = options
  const ours = { package: `aisdk:${providerUrl}`, settings: { location } }
  const info = {
    id: PROVIDER_ID,
    integrationID: PROVIDER_ID,
    name: "Kiro",
    // Without a login too: the first message may find one, or says what to do.
    activation: "enabled",
    ...ours,
  }
  const read = async () => {
    const { models, problem, catalogue } = await readOffer(path)
    if (problem !== undefined) log.warn(problem)
    return {
      // A transform can't wait for it.
      catalogue: await catalogue(),
      models: models.map((model) => ({ ...modelInfo(model), ...ours })),
    }
  }
  const pinned = (draft: HostDraft): HostDraft => {
    const { baseURL: _, ...kept } = asObject(draft["settings"])
    return { ...ours, settings: { ...kept, ...ours.settings } }
  }
  let known = await read()
  return {
    offer: (editor) => void methodOf(editor, "add")?.({ info, models: known.models }),
    pinProvider(editor) {
      // An update would make anew what a policy has taken out.
      if (!isObject(methodOf(editor, "get")?.(PROVIDER_ID))) return
      methodOf(editor, "update")?.(PROVIDER_ID, (draft: unknown) =>
        isHostDraft(draft) ? change(draft, pinned(draft)) : undefined,
      )
    },
    pinModels(editor) {
      const listed = methodOf(editor, "list")?.(PROVIDER_ID)
      const offered = new Set(known.models.map(({ id }) => id))
      for (const each of (Array.isArray(listed) ? listed : []).filter(isOfKiro)) {
        const id = stringField(each, "id")
        if (id === undefined) continue
        methodOf(editor, "update")?.(PROVIDER_ID, id, (draft: unknown) => {
          if (!isHostDraft(draft)) return undefined
          const { describe } = known.catalogue
          const completed = offered.has(id) ? {} : completion({ draft, id, describe })
          return change(draft, { ...completed, ...pinned(draft) })
        })
      }
    },
    arePinned(listed) {
      const offered = new Set(known.models.map(({ id }) => id))
      return listed.filter(isOfKiro).every(({ id, package: made, settings }) => {
        const isOurs = made === ours.package && asObject(settings)["baseURL"] === undefined
        return isOurs && typeof id === "string" && offered.has(id)
      })
    },
    async refresh() {
      const next = await read()
      if (JSON.stringify(next.models) === JSON.stringify(known.models)) return false
      // The host tells an old list from a new one by which array it is.
      known = next
      return true
    },
  }
}

function isOfKiro(model: unknown): model is JsonObject {
  return isObject(model) && model["providerID"] === PROVIDER_ID
}

/**
 * Costs are none because Kiro bills credits. `canonical` is left out: it would move the metadata of our parts.
 * `released` only puts ours in order, the latest first: real dates would make one of them the newest model that the
 * host knows, which is its default.
 */
function modelInfo({
  id,
  family,
  name,
  input,
  variants,
  rank,
  contextWindow,
  maxOutputTokens,
}: OfferedModel) {
  return {
    id,
    modelID: id,
    providerID: PROVIDER_ID,
    family,
    name,
    capabilities: { tools: true, input: [...input], output: ["text"] },
    variants: Object.entries(variants).map(([variant, choice]) => ({
      id: variant,
      settings: typeof choice === "number" ? { thinkingBudget: choice } : { reasoningEffort: choice },
    })),
    time: { released: rank },
    cost: [],
    status: "active",
    enabled: true,
    limit: { context: contextWindow, output: maxOutputTokens },
  }
}

/** What the host fills in by itself for a model that it knows nothing of. */
const HOST_DEFAULTS: HostDraft = {
  family: undefined,
  capabilities: { tools: true, input: ["text", "image"], output: ["text"] },
  variants: [],
  limit: { context: 200_000, output: 32_000 },
}

/**
 * Of a model that only the user names: what the user said of it stays. Which model is meant may come later than its id,
 * by which it was completed then.
 */
function completion({
  draft,
  id,
  describe,
}: {
  readonly draft: HostDraft
  readonly id: string
  readonly describe: (id: string) => OfferedModel
}): HostDraft {
  const known: HostDraft = { ...modelInfo(describe(stringField(draft, "modelID") ?? id)) }
  const unsaid: readonly HostDraft[] = [{ ...HOST_DEFAULTS, name: id }, { ...modelInfo(describe(id)) }]
  const isUnsaid = (field: string): boolean =>
    unsaid.some((each) => JSON.stringify(each[field]) === JSON.stringify(draft[field] ?? undefined))
  const fields = ["name", ...Object.keys(HOST_DEFAULTS)].filter(isUnsaid)
  return Object.fromEntries(fields.map((field) => [field, known[field]]))
}

/** Changes a draft of the host's where it can be changed; one that is frozen is given back as it should be. */
export function change(draft: HostDraft, values: HostDraft): HostDraft | undefined {
  if (Object.isFrozen(draft)) return { ...draft, ...values }
  for (const [name, value] of Object.entries(values)) Reflect.set(draft, name, value)
  return undefined
}

export function isHostDraft(value: unknown): value is HostDraft {
  return isObject(value)
}
