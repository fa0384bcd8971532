import { asObject, isObject, type JsonObject } from "../../../../src/json.ts"
import { currentOf } from "./conversation.ts"
import { refuse, type Rule } from "./rule.ts"

/** Every additional field is one that the model's own schema lists, with a value that it allows. */
export const checkModelFields: Rule = (body, { models }) => {
  const fields = body.additionalModelRequestFields
  if (fields === undefined || fields === null) return undefined
  const schema = models.find(({ modelId }) => modelId === currentOf(body).modelId)?.fieldSchema
  const fault = schema ? valueFault(fields, schema, "") : "this model takes none"
  return fault === undefined
    ? undefined
    : refuse(`Invalid additionalModelRequestFields: ${fault}`, "REQUEST_BODY_INVALID")
}

/** The few keywords that the service's schemas use. */
function valueFault(value: unknown, schema: JsonObject, path: string): string | undefined {
  const at = path === "" ? "it" : path
  const { type, minimum, maximum } = schema
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value))
    return `${at} is not one of its values`
  if (type === "object") return isObject(value) ? objectFault(value, schema, path) : `${at} is not an object`
  if (type === "string" && typeof value !== "string") return `${at} is not a string`
  if (type !== "integer") return undefined
  if (typeof value !== "number" || !Number.isInteger(value)) return `${at} is not an integer`
  const inside = value >= Number(minimum ?? value) && value <= Number(maximum ?? value)
  return inside ? undefined : `${at} is out of its range`
}

function objectFault(value: JsonObject, schema: JsonObject, path: string): string | undefined {
  const properties = asObject(schema["properties"])
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : []
  const missing = required.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) return `${path}.${missing} is missing`
  for (const [name, member] of Object.entries(value)) {
    const memberSchema = properties[name]
    if (!isObject(memberSchema)) return `${path}.${name} is not supported`
    const fault = valueFault(member, memberSchema, `${path}.${name}`)
    if (fault !== undefined) return fault
  }
  return undefined
}
