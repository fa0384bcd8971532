import { isObject, numberField } from "../../json.ts"
import { propertiesOf } from "./json-schema.ts"
import {
  isThinkingFieldName,
  readThinkingFields,
  type ThinkingField,
  type ThinkingFieldName,
} from "./thinking-fields.ts"

/** The fields of `additionalModelRequestFields` that we use. */
export type RequestField = ThinkingFieldName | "max_tokens"

export function isRequestField(name: string): name is RequestField {
  return name === "max_tokens" || isThinkingFieldName(name)
}

/** What a model's `additionalModelRequestFieldsSchema` allows of them. The service refuses what is not in it. */
export interface FieldSchema {
  readonly thinking: readonly ThinkingField[]
  readonly maxTokens?: { readonly minimum?: number; readonly maximum?: number }
}

/** Reads the JSON schema of the service; `undefined` where it holds no field that we use. */
export function readFieldSchema(schema: unknown): FieldSchema | undefined {
  const fields = propertiesOf(schema)
  const thinking = readThinkingFields(fields)
  const maxTokens = readMaxTokens(fields["max_tokens"])
  if (thinking.length === 0 && maxTokens === undefined) return undefined
  return { thinking, ...(maxTokens !== undefined && { maxTokens }) }
}

/** The schema without the fields that the service refused all the same. */
export function withoutFields(schema: FieldSchema, refused: ReadonlySet<string>): FieldSchema {
  const { maxTokens } = schema
  return {
    thinking: schema.thinking.filter(({ name }) => !refused.has(name)),
    ...(maxTokens !== undefined && !refused.has("max_tokens") && { maxTokens }),
  }
}

function readMaxTokens(field: unknown): FieldSchema["maxTokens"] {
  if (!isObject(field)) return undefined
  const [minimum, maximum] = [numberField(field, "minimum"), numberField(field, "maximum")]
  return { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) }
}
