import { asObject, isNestedDeeper, isObject, type JsonObject } from "../../json.ts"
import { isBlank, wellFormed, type Conversation, type ToolSchema } from "./conversation.ts"
import { foldRoot, MAPS, withoutDanglingReferences } from "./root-union.ts"

/** Every tool has the schema of an object. Those that were read have it already: this is for tools only declared. */
export function cleanSchemas(conversation: Conversation): Conversation {
  const tools = conversation.tools.map((tool) =>
    tool.schema.json["type"] === "object" && isObject(tool.schema.json["properties"])
      ? tool
      : { ...tool, schema: toolSchema(tool.schema.json) },
  )
  return { ...conversation, tools }
}

export function toolSchema(parameters: unknown): ToolSchema {
  const json = cleanSchema(parameters)
  return { json, text: JSON.stringify(json) }
}

export type SchemaReader = (parameters: unknown) => ToolSchema

/** All tools of some agents; beyond that it begins anew. */
const MOST_KNOWN = 2_000

/** Every request of a session declares the same tools, and cleaning a schema costs far more than knowing it again. */
export function createSchemaReader(): SchemaReader {
  const known = new Map<string, ToolSchema>()
  return (parameters) => {
    if (!isObject(parameters) || isNestedDeeper(parameters, MAX_DEPTH)) return toolSchema(parameters)
    const text = JSON.stringify(parameters)
    const seen = known.get(text)
    if (seen !== undefined) return seen
    if (known.size >= MOST_KNOWN) known.clear()
    const schema = toolSchema(parameters)
    known.set(text, schema)
    return schema
  }
}

/**
 * A tool's schema as the service takes it (kiro: "must match JSON Schema draft 2020-12", "does not support oneOf, allOf,
 * or anyOf at the top level"): the schema of an object; what older drafts wrote otherwise is rewritten; a keyword whose
 * value means nothing is left out; a union at the root becomes one object. The names of properties stay.
 */
function cleanSchema(schema: unknown): JsonObject {
  const folded = foldRoot(asObject(cleanNode(asObject(schema), [])))
  const root = { ...folded, type: "object", properties: folded["properties"] ?? {} }
  return withoutDanglingReferences(root)
}

/** Deeper schemas are cut: no tool needs them, and a serialiser's stack has an end. */
const MAX_DEPTH = 100

/** `path` holds the schemas around this one: a schema that contains itself ends there. */
function cleanNode(node: unknown, path: readonly unknown[]): unknown {
  if (typeof node !== "object" || node === null) return node
  if (path.length >= MAX_DEPTH || path.includes(node)) return {}
  const around = [...path, node]
  const entries = Object.entries(modernised(node)).flatMap(([keyword, value]): [string, unknown][] => {
    // No value at all says the same as `null` for every keyword but this one.
    if (value === null && keyword !== "const") return []
    const cleaned = cleanKeyword(keyword, value, around)
    return cleaned === undefined ? [] : [[keyword.toWellFormed(), cleaned]]
  })
  return Object.fromEntries(entries)
}

type Keyword = (value: unknown, path: readonly unknown[]) => unknown

/** Draft 2020-12's own meta-schema: what the value of each keyword has to be. `undefined`: it means nothing. */
const KEYWORDS: { readonly [keyword: string]: Keyword } = {
  ...each(MAPS, schemaMap),
  ...each(["anyOf", "oneOf", "allOf", "prefixItems"], schemaList),
  ...each(
    [
      "items",
      "additionalProperties",
      "unevaluatedProperties",
      "unevaluatedItems",
      "contains",
      "propertyNames",
      "contentSchema",
      "not",
      "if",
      "then",
      "else",
    ],
    oneSchema,
  ),
  ...each(["minLength", "maxLength", "minItems", "maxItems"], count),
  ...each(["minProperties", "maxProperties", "minContains", "maxContains"], count),
  ...each(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], number),
  multipleOf: (value) => (Number(number(value)) > 0 ? number(value) : undefined),
  ...each(["uniqueItems", "deprecated", "readOnly", "writeOnly"], (value) =>
    typeof value === "boolean" ? value : undefined,
  ),
  ...each(
    [
      "title",
      "description",
      "format",
      "$comment",
      "contentEncoding",
      "contentMediaType",
      "$ref",
      "$dynamicRef",
    ],
    text,
  ),
  $id: (value) => (typeof value === "string" && /^[^#]*#?$/.test(value) ? text(value) : undefined),
  ...each(["$anchor", "$dynamicAnchor"], (value) =>
    typeof value === "string" && /^[A-Za-z_][-A-Za-z0-9._]*$/.test(value) ? value : undefined,
  ),
  // An older draft's name would be untrue of what is sent.
  $schema: (value) =>
    String(value).startsWith("https://json-schema.org/draft/2020-12/schema") ? value : undefined,
  // Words of 2019-09 alone: as the newest draft still knows them, what they were written as is none of it.
  ...each(["$recursiveRef", "$recursiveAnchor", "$vocabulary"], () => undefined),
  pattern: (value) => (typeof value === "string" && isPattern(value) ? text(value) : undefined),
  type: types,
  required: (value) => {
    const names = uniqueNames(value)
    return names.length === 0 ? undefined : names
  },
  enum: (value) => (Array.isArray(value) && value.length > 0 ? uniqueValues(value) : undefined),
  ...each(["const", "default"], (value) => wellFormed(value)),
  examples: (value) => wellFormed(Array.isArray(value) ? value : [value]),
  dependentRequired: (value) =>
    isObject(value) && Object.values(value).every(isListOfTexts)
      ? Object.fromEntries(
          Object.entries(value).map(([name, names]) => [name.toWellFormed(), uniqueNames(names)]),
        )
      : undefined,
}

function cleanKeyword(keyword: string, value: unknown, path: readonly unknown[]): unknown {
  if (Object.hasOwn(KEYWORDS, keyword)) return KEYWORDS[keyword]?.(value, path)
  // A word of nobody's draft means nothing to a validator, whatever its value.
  return withoutNulls(wellFormed(value))
}

/** The service refuses a keyword that is null, and nobody knows that it looks for them in schemas alone. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(entries.map(([name, member]) => [name, withoutNulls(member)]))
}

function each(keywords: readonly string[], clean: Keyword): { readonly [keyword: string]: Keyword } {
  return Object.fromEntries(keywords.map((keyword) => [keyword, clean]))
}

function schemaMap(map: unknown, path: readonly unknown[]): unknown {
  if (!isObject(map)) return undefined
  const entries = Object.entries(map).map(([name, schema]): [string, unknown] => [
    name.toWellFormed(),
    isSchema(schema) ? cleanNode(schema, path) : {},
  ])
  return Object.fromEntries(entries)
}

function schemaList(list: unknown, path: readonly unknown[]): unknown {
  const schemas = Array.isArray(list) ? list.filter(isSchema) : []
  return schemas.length === 0 ? undefined : schemas.map((schema) => cleanNode(schema, path))
}

function oneSchema(schema: unknown, path: readonly unknown[]): unknown {
  return isSchema(schema) ? cleanNode(schema, path) : undefined
}

function isSchema(value: unknown): boolean {
  return isObject(value) || typeof value === "boolean"
}

function number(value: unknown): number | undefined {
  const parsed = typeof value === "string" && !isBlank(value) ? Number(value) : value
  return typeof parsed === "number" && Number.isFinite(parsed) ? parsed : undefined
}

function count(value: unknown): number | undefined {
  const whole = number(value)
  return whole !== undefined && Number.isInteger(whole) && whole >= 0 ? whole : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.toWellFormed() : undefined
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, "u") instanceof RegExp
  } catch {
    return false
  }
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((element) => typeof element === "string")
}

function uniqueNames(value: unknown): readonly string[] {
  const names = Array.isArray(value) ? value.filter((name) => typeof name === "string") : []
  return [...new Set(names.map((name) => name.toWellFormed()))]
}

function uniqueValues(values: readonly unknown[]): readonly unknown[] {
  const seen = new Set<string>()
  return values
    .map((value) => wellFormed(value))
    .filter((value) => {
      const json = JSON.stringify(value)
      return !seen.has(json) && seen.add(json)
    })
}

const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"]
/** What programs write in the words of their own language. */
const OTHER_TYPES: ReadonlyMap<string, string> = new Map([
  ["str", "string"],
  ["text", "string"],
  ["float", "number"],
  ["double", "number"],
  ["decimal", "number"],
  ["int", "integer"],
  ["int32", "integer"],
  ["int64", "integer"],
  ["long", "integer"],
  ["bool", "boolean"],
  ["dict", "object"],
  ["map", "object"],
  ["list", "array"],
  ["tuple", "array"],
  ["none", "null"],
])

function types(value: unknown): unknown {
  const known = [value].flat().flatMap((name): string[] => {
    const lower = typeof name === "string" ? name.trim().toLowerCase() : ""
    const type = OTHER_TYPES.get(lower) ?? lower
    return TYPES.includes(type) ? [type] : []
  })
  const [first, ...more] = new Set(known)
  return Array.isArray(value) && more.length > 0 ? [first, ...more] : first
}

/** What drafts 3 to 2019-09 wrote otherwise, where the newer way to write it is not there as well. */
function modernised(node: object): JsonObject {
  const schema: { [keyword: string]: unknown } = { ...node }
  const move = (keyword: string, value: unknown): void => {
    if (schema[keyword] === undefined) schema[keyword] = value
  }
  // Draft 4: `exclusiveMinimum: true` beside `minimum`.
  for (const [limit, exclusive] of [
    ["minimum", "exclusiveMinimum"],
    ["maximum", "exclusiveMaximum"],
  ] as const) {
    if (typeof schema[exclusive] !== "boolean") continue
    const isExclusive = schema[exclusive] === true
    delete schema[exclusive]
    if (!isExclusive || number(schema[limit]) === undefined) continue
    schema[exclusive] = schema[limit]
    delete schema[limit]
  }
  // Up to 2019-09: a tuple is a list under `items`, what follows it `additionalItems`.
  if (Array.isArray(schema["items"])) {
    move("prefixItems", schema["items"])
    delete schema["items"]
    move("items", schema["additionalItems"])
  }
  delete schema["additionalItems"]
  if (isObject(schema["dependencies"])) {
    const entries = Object.entries(schema["dependencies"])
    const ofNames = entries.filter(([, value]) => isListOfTexts(value))
    const ofSchemas = entries.filter(([, value]) => isSchema(value))
    if (ofNames.length > 0) move("dependentRequired", Object.fromEntries(ofNames))
    if (ofSchemas.length > 0) move("dependentSchemas", Object.fromEntries(ofSchemas))
  }
  delete schema["dependencies"]
  // Draft 3: `required: true` inside a property.
  const { properties } = schema
  if (!isObject(properties)) return schema
  const required = Object.keys(properties).filter((name) => {
    const property = properties[name]
    return isObject(property) && property["required"] === true
  })
  if (required.length > 0) schema["required"] = [...[schema["required"] ?? []].flat(), ...required]
  return schema
}
