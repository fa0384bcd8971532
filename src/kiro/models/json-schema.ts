import { isObject, type JsonObject } from "../../json.ts"

/** The properties of an object's JSON schema; none where it lists none. */
export function propertiesOf(schema: unknown): JsonObject {
  const properties = isObject(schema) ? schema["properties"] : undefined
  return isObject(properties) ? properties : {}
}

/** The words that a JSON schema allows as the value. */
export function listedWords(schema: unknown): string[] {
  if (!isObject(schema)) return []
  const values = schema["enum"] ?? ("const" in schema ? [schema["const"]] : [])
  return Array.isArray(values) ? values.filter((value) => typeof value === "string") : []
}
