import { isObject, type JsonObject, numberField, stringField } from "../json.ts"
import { type FieldSchema, readFieldSchema } from "./models/field-schema.ts"

/** One model of an account's live list. What the service did not say is absent. Sizes in tokens. */
export interface LiveModel {
  readonly wireId: string
  readonly name?: string
  readonly rate?: number
  readonly maxInputTokens?: number
  readonly maxOutputTokens?: number
  readonly input?: readonly ("text" | "image")[]
  /** The most cache points of one request; 0 where the service says that it takes none. */
  readonly cachePoints?: number
  /** Absent where the model takes no request fields that we use. */
  readonly fieldSchema?: FieldSchema
}

export interface ModelListPage {
  readonly models: readonly LiveModel[]
  readonly nextToken?: string
}

/** A service that says "yes" to caching without a number takes this many. */
const CACHE_POINTS = 4

/**
 * Reads one page of ListAvailableModels, of either control host; `undefined` where the body is no such list.
 * An entry that has no id is left out, the others count.
 */
export function readModelList(body: unknown): ModelListPage | undefined {
  if (!isObject(body)) return undefined
  const entries = body["models"] ?? body["availableModels"]
  if (!Array.isArray(entries)) return undefined
  const nextToken = stringField(body, "nextToken")
  return {
    models: entries.flatMap((entry) => readLiveModel(entry) ?? []),
    ...(nextToken !== undefined && { nextToken }),
  }
}

function readLiveModel(entry: unknown): LiveModel | undefined {
  if (!isObject(entry)) return undefined
  const wireId = stringField(entry, "modelId", "id")
  if (wireId === undefined) return undefined
  const limits = isObject(entry["tokenLimits"]) ? entry["tokenLimits"] : {}
  return dropAbsent({
    wireId,
    name: stringField(entry, "modelName", "name"),
    rate: numberField(entry, "rateMultiplier"),
    maxInputTokens: positive(limits, "maxInputTokens"),
    maxOutputTokens: positive(limits, "maxOutputTokens"),
    input: inputTypes(entry["supportedInputTypes"]),
    cachePoints: cachePoints(entry),
    fieldSchema: readFieldSchema(entry["additionalModelRequestFieldsSchema"]),
  })
}

function positive(object: JsonObject, key: string): number | undefined {
  const value = numberField(object, key)
  return value !== undefined && value > 0 ? value : undefined
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

type Absentable<T> = { [K in keyof T]: T[K] | undefined }

function dropAbsent(model: Absentable<Required<LiveModel>> & { readonly wireId: string }): LiveModel {
  const { wireId, name, rate, maxInputTokens, maxOutputTokens, input, fieldSchema } = model
  return {
    wireId,
    ...(name !== undefined && { name }),
    ...(rate !== undefined && { rate }),
    ...(maxInputTokens !== undefined && { maxInputTokens }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(input !== undefined && { input }),
    ...(model.cachePoints !== undefined && { cachePoints: model.cachePoints }),
    ...(fieldSchema !== undefined && { fieldSchema }),
  }
}
