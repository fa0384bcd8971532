import { isObject, type JsonObject } from "../../../../src/json.ts"
import { improperlyFormed, refuse, type Refusal, type Rule } from "./rule.ts"
import { toolsOf } from "./tools.ts"

const SCHEMA_TYPE =
  "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object."
const UNION_AT_ROOT = "input_schema does not support oneOf, allOf, or anyOf at the top level"
const INVALID = "JSON schema is invalid. It must match JSON Schema draft 2020-12"
/** Keywords whose `null` the service does not take, wherever a schema stands: it says nothing more of them. */
const NEVER_NULL = ["type", "properties", "required", "items"]
const VALUES = ["const", "default", "enum", "examples"]
const UNIONS = ["anyOf", "oneOf", "allOf"]

/** The input of a tool is a schema of an object by draft 2020-12, without a union at its root. */
export const checkToolSchemas: Rule = (body) => {
  for (const [index, { inputSchema }] of toolsOf(body).entries()) {
    const refusal = rootRefusal(inputSchema?.json as unknown, index)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function rootRefusal(schema: unknown, index: number): Refusal | undefined {
  if (!isObject(schema)) return improperlyFormed
  const said = (words: string): Refusal => refuse(`tools.${index}.custom.input_schema: ${words}`, null)
  if (UNIONS.some((union) => schema[union] !== undefined)) return said(UNION_AT_ROOT)
  if (schema["type"] !== "object")
    return refuse(`Bedrock error message: ${SCHEMA_TYPE}`, "TOOL_SCHEMA_INVALID")
  if (holdsNull(schema)) return improperlyFormed
  return isSchema(schema, schema) ? undefined : said(INVALID)
}

function holdsNull(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(holdsNull)
  if (!isObject(node)) return false
  if (NEVER_NULL.some((keyword) => node[keyword] === null)) return true
  return Object.entries(node).some(([keyword, value]) => !VALUES.includes(keyword) && holdsNull(value))
}

type Check = (value: unknown, root: JsonObject) => boolean

const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"]
const isText: Check = (value) => typeof value === "string"
const isNumber: Check = (value) => typeof value === "number"
const isCount: Check = (value) => typeof value === "number" && Number.isInteger(value) && value >= 0
const isFlag: Check = (value) => typeof value === "boolean"
const isListOfTexts: Check = (value) =>
  Array.isArray(value) && value.every((element) => typeof element === "string") && isUnique(value)
const isMapOf =
  (check: Check): Check =>
  (value, root) =>
    isObject(value) && Object.values(value).every((element) => check(element, root))
const isListOfSchemas: Check = (value, root) =>
  Array.isArray(value) && value.length > 0 && value.every((element) => isSchema(element, root))
const isType: Check = (value) =>
  Array.isArray(value)
    ? value.length > 0 && isUnique(value) && value.every((type) => TYPES.includes(type))
    : TYPES.includes(String(value))

/** The meta-schema of draft 2020-12, keyword by keyword; a keyword that it does not know may hold anything. */
const META: readonly (readonly [check: Check, keywords: string])[] = [
  [isType, "type"],
  [isMapOf(isSchema), "properties patternProperties $defs definitions dependentSchemas"],
  [isListOfSchemas, "anyOf oneOf allOf prefixItems"],
  [isSchema, "items contains additionalProperties unevaluatedItems unevaluatedProperties propertyNames"],
  [isSchema, "not if then else contentSchema"],
  [isListOfTexts, "required"],
  [isMapOf(isListOfTexts), "dependentRequired"],
  [Array.isArray, "enum examples"],
  [isNumber, "minimum maximum exclusiveMinimum exclusiveMaximum"],
  [(value) => typeof value === "number" && value > 0, "multipleOf"],
  [isCount, "minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains"],
  [isFlag, "uniqueItems deprecated readOnly writeOnly"],
  [isText, "title description format $comment contentEncoding contentMediaType $dynamicRef"],
  [(value) => typeof value === "string" && isPattern(value), "pattern"],
  [(value, root) => typeof value === "string" && leadsSomewhere(value, root), "$ref"],
  [(value) => typeof value === "string" && /^[^#]*#?$/.test(value), "$id"],
  [(value) => /^[A-Za-z_][-A-Za-z0-9._]*$/.test(String(value)), "$anchor $dynamicAnchor"],
  [(value) => String(value).includes("/2020-12/"), "$schema"],
]

function isSchema(schema: unknown, root: JsonObject): boolean {
  if (typeof schema === "boolean") return true
  if (!isObject(schema)) return false
  return META.every(([check, keywords]) =>
    keywords.split(" ").every((keyword) => schema[keyword] === undefined || check(schema[keyword], root)),
  )
}

function isUnique(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u") instanceof RegExp
  } catch {
    return false
  }
}

function leadsSomewhere(ref: string, root: JsonObject): boolean {
  if (!ref.startsWith("#/")) return true
  let at: unknown = root
  for (const token of ref.slice(2).split("/")) {
    const key = decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~")
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false
    at = (at as JsonObject)[key]
  }
  return true
}
