import { isObject, type JsonObject, numberField } from "../../json.ts"
import { EFFORTS, type Effort } from "./effort.ts"

/**
 * What a model's `additionalModelRequestFieldsSchema` allows of the fields that we know how to use. A part that is
 * absent is a field that the service refuses.
 */
export interface FieldSchema {
  readonly thinking?: { readonly types: readonly string[]; readonly displays: readonly string[] }
  /** `output_config.effort`, the Claude family. */
  readonly outputEfforts?: readonly Effort[]
  /** `reasoning.effort`, the GPT family; `none` is kept apart because it is no thinking. */
  readonly reasoningEfforts?: readonly Effort[]
  readonly reasoningNone?: boolean
  readonly maxTokens?: { readonly minimum?: number; readonly maximum?: number }
}

/** Reads the JSON schema of the service; `undefined` where it holds no field that we use. */
export function readFieldSchema(schema: unknown): FieldSchema | undefined {
  const fields = propertiesOf(schema)
  if (fields === undefined) return undefined
  const read: FieldSchema = { ...claudeFields(fields), ...reasoningFields(fields), ...maxTokens(fields) }
  return Object.keys(read).length === 0 ? undefined : read
}

function claudeFields(fields: JsonObject): FieldSchema {
  const thinking = propertiesOf(fields["thinking"])
  const types = enumOf(thinking?.["type"])
  const efforts = effortsOf(enumOf(propertiesOf(fields["output_config"])?.["effort"]))
  return {
    ...(types.length > 0 && { thinking: { types, displays: enumOf(thinking?.["display"]) } }),
    ...(efforts.length > 0 && { outputEfforts: efforts }),
  }
}

function reasoningFields(fields: JsonObject): FieldSchema {
  const words = enumOf(propertiesOf(fields["reasoning"])?.["effort"])
  const efforts = effortsOf(words)
  if (efforts.length === 0) return {}
  return { reasoningEfforts: efforts, ...(words.includes("none") && { reasoningNone: true }) }
}

function maxTokens(fields: JsonObject): FieldSchema {
  const field = fields["max_tokens"]
  if (!isObject(field)) return {}
  const [minimum, maximum] = [numberField(field, "minimum"), numberField(field, "maximum")]
  return {
    maxTokens: { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) },
  }
}

function propertiesOf(schema: unknown): JsonObject | undefined {
  if (!isObject(schema)) return undefined
  const properties = schema["properties"]
  return isObject(properties) ? properties : undefined
}

function enumOf(schema: unknown): string[] {
  if (!isObject(schema)) return []
  const values = schema["enum"] ?? ("const" in schema ? [schema["const"]] : [])
  return Array.isArray(values) ? values.filter((value) => typeof value === "string") : []
}

function effortsOf(words: readonly string[]): Effort[] {
  return EFFORTS.filter((effort) => words.includes(effort))
}
