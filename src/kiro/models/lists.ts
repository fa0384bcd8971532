import {
  isObject,
  type JsonObject,
  numberField,
  plainName,
  plainText,
  present,
  stringField,
} from "../../json.ts"
import { CACHE_POINTS, type LiveModel, modelKey } from "./catalogue.ts"
import { type FieldSchema, readFieldSchema } from "./fields.ts"
import { offeredModels } from "./resolve.ts"

/**
 * The last good list of an account in a service region. `models` are the service's own entries, so that a later version reads
 * more out of them. `fetchedAt` in epoch ms.
 */
export interface AccountModelList {
  readonly accountId: string
  readonly serviceRegion: string
  readonly fetchedAt: number
  readonly models: unknown
}

const VERSION = 1

/**
 * Read by hand, unlike the other answers of the control plane: the file of these lists is read before OpenCode's first
 * paint. An entry without an id that people can read and type is left out, the others count.
 */
export function modelsOf({ models }: Pick<AccountModelList, "models">): readonly LiveModel[] {
  const readSchema = createFieldSchemaReader()
  return Array.isArray(models) ? models.flatMap((entry) => readLiveModel(entry, readSchema) ?? []) : []
}

/** The text of kiro-models.json, with what is offered of these lists ready for a start of the same version of us. */
export function encodeModelLists(lists: readonly AccountModelList[], by: string): string {
  const offered = { by, models: offeredModels(mergeModelLists(lists)) }
  return JSON.stringify({ version: VERSION, lists, offered })
}

/** The lists of its document: `undefined` where that is none of ours; a list that can't be read is left out. */
export function readModelLists(document: unknown): readonly AccountModelList[] | undefined {
  if (!isObject(document) || !Array.isArray(document["lists"])) return undefined
  return document["lists"].flatMap((list) => readList(list) ?? [])
}

function readList(list: unknown): AccountModelList | undefined {
  if (!isObject(list)) return undefined
  const [accountId, serviceRegion] = [stringField(list, "accountId"), stringField(list, "serviceRegion")]
  const fetchedAt = numberField(list, "fetchedAt")
  const models = list["models"]
  if (accountId === undefined || serviceRegion === undefined || fetchedAt === undefined) return undefined
  return Array.isArray(models) ? { accountId, serviceRegion, fetchedAt, models } : undefined
}

/** The newest list of each account, by its id. */
export function newestLists(lists: readonly AccountModelList[]): ReadonlyMap<string, AccountModelList> {
  const oldestFirst = lists.toSorted((one, other) => one.fetchedAt - other.fetchedAt)
  return new Map(oldestFirst.map((list) => [list.accountId, list]))
}

/**
 * What can be offered with all accounts: the union of their newest lists, each model with the smallest limits and the
 * input types that all who have it share. `undefined` before any list.
 */
export function mergeModelLists(lists: readonly AccountModelList[]): readonly LiveModel[] | undefined {
  const merged = new Map<string, LiveModel>()
  for (const model of [...newestLists(lists).values()].flatMap(modelsOf)) {
    const key = modelKey(model.wireId)
    const known = merged.get(key)
    merged.set(key, known === undefined ? model : smaller(known, model))
  }
  return merged.size === 0 ? undefined : [...merged.values()]
}

function smaller(one: LiveModel, other: LiveModel): LiveModel {
  const limits = {
    maxInputTokens: least(one.maxInputTokens, other.maxInputTokens),
    maxOutputTokens: least(one.maxOutputTokens, other.maxOutputTokens),
    cachePoints: least(one.cachePoints, other.cachePoints),
    input: shared(one.input, other.input),
  }
  return { ...other, ...one, ...present(limits) }
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}

function shared(one: LiveModel["input"], other: LiveModel["input"]): LiveModel["input"] {
  if (one === undefined || other === undefined) return one ?? other
  return one.filter((type) => other.includes(type))
}

/** The models of a family have one schema: it is read once. */
function createFieldSchemaReader(): typeof readFieldSchema {
  const known = new Map<string, FieldSchema | undefined>()
  return (schema) => {
    if (!isObject(schema)) return undefined
    const text = JSON.stringify(schema)
    if (!known.has(text)) known.set(text, readFieldSchema(schema))
    return known.get(text)
  }
}

function readLiveModel(entry: unknown, readSchema: typeof readFieldSchema): LiveModel | undefined {
  if (!isObject(entry)) return undefined
  const wireId = stringField(entry, "modelId", "id")
  if (wireId === undefined || plainText(wireId) !== wireId) return undefined
  const limits = isObject(entry["tokenLimits"]) ? entry["tokenLimits"] : {}
  const name = plainName(stringField(entry, "modelName", "name") ?? "")
  const said = {
    name: name === "" ? undefined : name,
    rate: numberField(entry, "rateMultiplier"),
    maxInputTokens: positive(limits, "maxInputTokens"),
    maxOutputTokens: positive(limits, "maxOutputTokens"),
    input: inputTypes(entry["supportedInputTypes"]),
    cachePoints: cachePoints(entry),
    fieldSchema: readSchema(entry["additionalModelRequestFieldsSchema"]),
  }
  return { wireId, ...present(said) }
}

function positive(object: JsonObject, key: string): number | undefined {
  const value = Math.floor(numberField(object, key) ?? 0)
  return value > 0 ? value : undefined
}

function inputTypes(value: unknown): ("text" | "image")[] | undefined {
  if (!Array.isArray(value)) return undefined
  const images = value.some((type) => typeof type === "string" && type.toUpperCase() === "IMAGE")
  return images ? ["text", "image"] : ["text"]
}

function cachePoints(entry: JsonObject): number | undefined {
  const caching = entry["promptCaching"]
  const supported = isObject(caching) ? caching["supportsPromptCaching"] : entry["supportsPromptCache"]
  if (supported === false) return 0
  if (supported !== true) return undefined
  const most = isObject(caching) ? numberField(caching, "maximumCacheCheckpointsPerRequest") : undefined
  return Math.max(0, Math.floor(most ?? CACHE_POINTS))
}
