import { isObject } from "../../../../src/json.ts"
import { improperlyFormed, refuse, type Refusal, type Rule } from "./rule.ts"
import { toolsOf } from "./tools.ts"

const SCHEMA_TYPE =
  "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object."
/** Keywords whose `null` the service does not take, wherever a schema stands. */
const NEVER_NULL = ["type", "properties", "required", "items"]
const LISTS_OF_SCHEMAS = ["anyOf", "oneOf", "allOf"]

/** The input of a tool is a schema of an object, without nulls where a schema has its structure. */
export const checkToolSchemas: Rule = (body) => {
  for (const { inputSchema } of toolsOf(body)) {
    const refusal = rootRefusal(inputSchema?.json as unknown)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function rootRefusal(schema: unknown): Refusal | undefined {
  if (!isObject(schema)) return improperlyFormed
  if (schema["type"] !== "object")
    return refuse(`Bedrock error message: ${SCHEMA_TYPE}`, "TOOL_SCHEMA_INVALID")
  return isSchema(schema) ? undefined : improperlyFormed
}

function isSchema(schema: unknown): boolean {
  if (typeof schema === "boolean") return true
  if (!isObject(schema)) return false
  if (NEVER_NULL.some((keyword) => schema[keyword] === null)) return false
  const { properties, required, items } = schema
  if (properties !== undefined && !(isObject(properties) && Object.values(properties).every(isSchema)))
    return false
  if (required !== undefined && !isListOfStrings(required)) return false
  if (items !== undefined && ![items].flat().every(isSchema)) return false
  return LISTS_OF_SCHEMAS.every((keyword) => {
    const alternatives = schema[keyword]
    return alternatives === undefined || (Array.isArray(alternatives) && alternatives.every(isSchema))
  })
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((element) => typeof element === "string")
}
