import { assertJson, copyOf, createDomain, deepFreeze, type Domain, type Registration } from "./state.ts"

/** Providers and models, after `core/provider.ts`, `core/model.ts` and `core/model-resolver.ts`. */

interface Overlay {
  settings?: Record<string, unknown>
  headers?: Record<string, string>
  body?: Record<string, unknown>
}

export interface ModelInfo extends Overlay {
  id: string
  modelID: string
  providerID: string
  name: string
  package?: string
  canonical?: string
  capabilities: { tools: boolean; input: string[]; output: string[] }
  variants: (Overlay & { id: string })[]
  time: { released: number }
  cost: unknown[]
  status: string
  enabled: boolean
  limit: { context: number; input?: number; output: number }
  [more: string]: unknown
}

export interface ProviderInfo extends Overlay {
  id: string
  name: string
  package?: string
  canonical?: string
  integrationID?: string
  activation: "auto" | "enabled" | "disabled"
}

export interface ProviderRecord {
  provider: ProviderInfo
  models: ReadonlyMap<string, ModelInfo>
  sourceConnection?: unknown
}

type ProviderRecords = Map<string, ProviderRecord>

export interface ProviderEditor {
  list(): readonly ProviderRecord[]
  get(id: string): ProviderRecord | undefined
  add(definition: { info: ProviderInfo; models: readonly ModelInfo[]; sourceConnection?: unknown }): void
  update(id: string, update: (provider: ProviderInfo) => void): void
  remove(id: string): void
  readonly models: {
    set(id: string, models: readonly ModelInfo[]): void
    update(id: string, modelID: string, update: (model: ModelInfo) => void): void
    remove(id: string, modelID: string): void
  }
}

/** What a user's config says of a provider. */
export interface ProviderConfig extends Overlay {
  name?: string
  package?: string
  models?: Record<string, Partial<ModelInfo>>
}

/** By the identity of the array, as the host does: an array that is changed and given again is not seen. */
const indexes = new WeakMap<readonly ModelInfo[], ReadonlyMap<string, ModelInfo>>()

function indexOf(providerID: string, models: readonly ModelInfo[]): ReadonlyMap<string, ModelInfo> {
  const known = indexes.get(models)
  if (known !== undefined) return known
  for (const model of models) {
    assertModel(model)
    assertJson(model.settings ?? {}, `${model.id}.settings`)
  }
  deepFreeze(models)
  const index = new Map(models.map((model) => [model.id, { ...model, providerID }]))
  index.forEach(deepFreeze)
  indexes.set(models, index)
  return index
}

function assertModel(model: ModelInfo): void {
  const wrong = (field: string): never => {
    throw new TypeError(`model ${String(model.id)}: ${field}`)
  }
  for (const field of ["id", "modelID", "providerID", "name"] as const)
    if (typeof model[field] !== "string" || model[field] === "") wrong(field)
  if (typeof model.capabilities?.tools !== "boolean") wrong("capabilities.tools")
  if (!Array.isArray(model.capabilities.input) || !Array.isArray(model.capabilities.output))
    wrong("capabilities")
  if (!Array.isArray(model.variants) || model.variants.some(({ id }) => typeof id !== "string"))
    wrong("variants")
  for (const variant of model.variants) assertJson(variant, `${model.id}#${variant.id}`)
  if (!Array.isArray(model.cost)) wrong("cost")
  if (typeof model.enabled !== "boolean") wrong("enabled")
  if (typeof model.time?.released !== "number") wrong("time.released")
  if (!["alpha", "beta", "deprecated", "active"].includes(model.status)) wrong("status")
  if (!(model.limit?.context >= 0) || !(model.limit.output >= 0)) wrong("limit")
}

export function createProviderDomain(registrations: Registration[]): Domain<ProviderRecords, ProviderEditor> {
  return createDomain<ProviderRecords, ProviderEditor>(() => new Map(), providerEditor, registrations)
}

function providerEditor(records: ProviderRecords): ProviderEditor {
  const entry = (id: string): ProviderRecord => {
    const known = records.get(id)
    if (known !== undefined) return known
    const added: ProviderRecord = { provider: { id, name: id, activation: "auto" }, models: new Map() }
    records.set(id, added)
    return added
  }
  return {
    list: () => [...records.values()],
    get: (id) => records.get(id),
    add({ info, models, sourceConnection }) {
      const provider = copyOf(info)
      for (const key of ["settings", "headers", "body"] as const)
        assertJson(provider[key] ?? {}, `${info.id}.${key}`)
      records.set(info.id, {
        provider,
        models: indexOf(info.id, models),
        ...(sourceConnection !== undefined && { sourceConnection }),
      })
    },
    update(id, update) {
      update(entry(id).provider)
    },
    remove: (id) => void records.delete(id),
    models: {
      set: (id, models) => void (entry(id).models = indexOf(id, models)),
      update(id, modelID, update) {
        const record = entry(id)
        const copy = copyOf(record.models.get(modelID) ?? emptyModel(id, modelID))
        update(copy)
        record.models = new Map([...record.models, [modelID, copy]])
      },
      remove(id, modelID) {
        const record = entry(id)
        record.models = new Map([...record.models].filter(([key]) => key !== modelID))
      },
    },
  }
}

function emptyModel(providerID: string, id: string): ModelInfo {
  return {
    id,
    modelID: id,
    providerID,
    name: id,
    capabilities: { tools: true, input: ["text", "image"], output: ["text"] },
    variants: [],
    time: { released: 0 },
    cost: [],
    status: "active",
    enabled: true,
    limit: { context: 200_000, output: 32_000 },
  }
}

/**
 * The user's config as transforms, after `core/config/plugin/provider.ts`: registered behind those of every plugin that
 * is set up with the host. What it says of a model comes behind all of theirs, also those of the model domain.
 */
export function configTransforms(config: Readonly<Record<string, ProviderConfig>>): {
  providers(editor: ProviderEditor): void
  models(editor: ModelEditor): void
} {
  const entries = Object.entries(config)
  /** The models that config alone made, with those that they were made of. */
  let own = new Map<string, ModelInfo | undefined>()
  return {
    providers(editor) {
      own = new Map()
      for (const [id, { models = {}, name, package: pkg, ...overlay }] of entries) {
        const known = editor.get(id)?.models
        editor.update(id, (provider) => {
          provider.activation = "enabled"
          if (name !== undefined) provider.name = name
          if (pkg !== undefined) provider.package = pkg
          mergeOverlay(provider, overlay)
        })
        for (const [modelID, of] of Object.entries(models)) {
          if (known?.has(modelID) === true) continue
          const base = known?.get(of.modelID ?? modelID)
          own.set(`${id}/${modelID}`, base)
          editor.models.update(id, modelID, (model) => inherit(model, base, pkg))
        }
      }
    },
    models(editor) {
      for (const [id, { models = {}, package: pkg }] of entries)
        for (const [modelID, { variants, settings, headers, body, limit, ...more }] of Object.entries(
          models,
        )) {
          const base = own.get(`${id}/${modelID}`)
          const isOwn = own.has(`${id}/${modelID}`)
          editor.update(id, modelID, (model) => {
            if (base !== undefined) inherit(model, base, pkg)
            Object.assign(model, copyOf(more))
            mergeOverlay(model, overlayOf({ settings, headers, body }))
            if (limit !== undefined) model.limit = { ...model.limit, ...limit }
            for (const { id: variant, ...overlay } of variants ?? []) {
              const known = model.variants.find((each) => each.id === variant) ?? { id: variant }
              if (!model.variants.includes(known)) model.variants.push(known)
              mergeOverlay(known, overlay)
            }
            // Made for a package that the host knows; for none of ours.
            if (isOwn && base === undefined && variants === undefined) model.variants = []
          })
        }
    },
  }
}

function inherit(model: ModelInfo, base: ModelInfo | undefined, pkg: string | undefined): void {
  const { id } = model
  if (base !== undefined) Object.assign(model, copyOf(base), { id })
  if (pkg !== undefined) delete model.package
}

function overlayOf({ settings, headers, body }: { [name in keyof Overlay]: Overlay[name] | undefined }) {
  return { ...(settings && { settings }), ...(headers && { headers }), ...(body && { body }) }
}

export interface ModelEditor {
  list(providerID?: string): readonly ModelInfo[]
  get(providerID: string, modelID: string): ModelInfo | undefined
  update(providerID: string, modelID: string, update: (model: ModelInfo) => void): void
  remove(providerID: string, modelID: string): void
  readonly default: {
    get(): { providerID: string; modelID: string } | undefined
    set(providerID: string, modelID: string): void
  }
}

export interface ModelData {
  readonly models: Map<string, ModelInfo>
  chosen?: { providerID: string; modelID: string }
}

/** Policy over the models of the providers that are available. */
export function createModelDomain(
  registrations: Registration[],
  available: () => readonly ModelInfo[],
): Domain<ModelData, ModelEditor> {
  return createDomain<ModelData, ModelEditor>(
    () => ({ models: new Map(available().map((model) => [`${model.providerID}/${model.id}`, model])) }),
    (data) => ({
      list: (providerID) =>
        [...data.models.values()].filter(
          (model) => providerID === undefined || model.providerID === providerID,
        ),
      get: (providerID, modelID) => data.models.get(`${providerID}/${modelID}`),
      update(providerID, modelID, update) {
        const known = data.models.get(`${providerID}/${modelID}`)
        if (known === undefined) return
        const copy = copyOf(known)
        update(copy)
        data.models.set(`${providerID}/${modelID}`, copy)
      },
      remove: (providerID, modelID) => void data.models.delete(`${providerID}/${modelID}`),
      default: {
        get: () => data.chosen,
        set: (providerID, modelID) => void (data.chosen = { providerID, modelID }),
      },
    }),
    registrations,
  )
}

/** What the SDK is made of: settings of provider, model, variant and connection, in this order. */
export function resolveModel(
  provider: ProviderInfo,
  model: ModelInfo,
  variantID: string | undefined,
  apiKey: string | undefined,
): ModelInfo {
  const variant = model.variants.find(({ id }) => id === variantID)
  if (variantID !== undefined && variantID !== "default" && variant === undefined)
    throw new Error(`Variant not found: ${model.providerID}/${model.id}#${variantID}`)
  const resolved: ModelInfo = { ...copyOf(model) }
  resolved.settings = {}
  resolved.headers = {}
  delete resolved.body
  for (const overlay of [provider, model, variant ?? {}]) mergeOverlay(resolved, overlay)
  if (apiKey !== undefined) resolved.settings["apiKey"] = apiKey
  const pkg = model.package ?? provider.package
  if (pkg !== undefined) resolved.package = pkg
  const { baseURL } = resolved.settings
  if (typeof baseURL === "string" && baseURL.includes("${"))
    throw new Error(`Cannot initialize ${model.providerID}/${model.id}: the endpoint names a variable`)
  return resolved
}

function mergeOverlay(target: Overlay, overlay: Overlay): void {
  if (overlay.settings !== undefined) target.settings = merged(target.settings ?? {}, overlay.settings)
  if (overlay.headers !== undefined) target.headers = { ...target.headers, ...overlay.headers }
  if (overlay.body !== undefined) target.body = merged(target.body ?? {}, overlay.body)
}

function merged(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  assertJson(over, "overlay")
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = result[key]
    result[key] = isRecord(below) && isRecord(value) ? merged(below, value) : copyOf(value)
  }
  return result
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
