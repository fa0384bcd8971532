import { isObject, type JsonObject } from "../../json.ts"
import { wellFormed, type Conversation } from "./conversation.ts"

/** Deeper schemas are cut: no tool needs them, and a serialiser's stack has an end. */
const MAX_DEPTH = 100

/** Keywords that hold a map of names to schemas: the names are the tool's own, whatever they look like. */
const SCHEMA_MAPS = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
/** Keywords that hold values, not schemas: they stay as they are. */
const VALUES = new Set(["const", "default", "enum", "examples", "example"])

/**
 * Changes only what the service is known to reject: a root that is not `type: "object"`, `null` in place of a keyword's
 * value, a `required` that is empty or no list of names, and a root without `properties`.
 */
export function cleanSchemas(conversation: Conversation): Conversation {
  return {
    ...conversation,
    tools: conversation.tools.map((tool) => ({ ...tool, schema: cleanSchema(tool.schema) })),
  }
}

export function cleanSchema(schema: unknown): JsonObject {
  const cleaned = cleanNode(schema, [])
  const root = isObject(cleaned) ? cleaned : {}
  const properties = isObject(root["properties"]) ? root["properties"] : {}
  return root["type"] === "object" && properties === root["properties"]
    ? root
    : { ...root, type: "object", properties }
}

/** `path` holds the schemas around this one: a schema that contains itself ends there. */
function cleanNode(node: unknown, path: readonly unknown[]): unknown {
  if (typeof node === "string") return node.toWellFormed()
  if (typeof node !== "object" || node === null) return node
  if (path.length >= MAX_DEPTH || path.includes(node)) return {}
  const around = [...path, node]
  if (Array.isArray(node)) return node.map((item) => cleanNode(item, around))
  const entries = Object.entries(node).flatMap(([keyword, value]): [string, unknown][] => {
    // No value at all says the same as `null` for every keyword but this one.
    if (value === null && keyword !== "const") return []
    if (VALUES.has(keyword)) return [[keyword, wellFormed(value)]]
    if (isMalformed(keyword, value)) return []
    if (SCHEMA_MAPS.has(keyword) && isObject(value)) return [[keyword, cleanMap(value, around)]]
    return [[keyword, cleanNode(value, around)]]
  })
  return Object.fromEntries(entries)
}

/** Draft 3 wrote `required: true` inside a property: that is no list of names either. */
function isMalformed(keyword: string, value: unknown): boolean {
  switch (keyword) {
    case "required":
      return !Array.isArray(value) || value.length === 0 || !value.every((name) => typeof name === "string")
    case "properties":
      return !isObject(value)
    case "items":
      return !(Array.isArray(value) ? value : [value]).every(isSchema)
    case "anyOf":
    case "oneOf":
    case "allOf":
      return !Array.isArray(value) || !value.every(isSchema)
    default:
      return false
  }
}

function isSchema(value: unknown): boolean {
  return isObject(value) || typeof value === "boolean"
}

function cleanMap(map: JsonObject, path: readonly unknown[]): JsonObject {
  const entries = Object.entries(map).map(([name, schema]): [string, unknown] => [
    name.toWellFormed(),
    isSchema(schema) ? cleanNode(schema, path) : {},
  ])
  return Object.fromEntries(entries)
}
