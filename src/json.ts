/** Guards over `unknown`: the only way a parsed document, a database row or a host argument becomes typed. */

export type JsonObject = { readonly [key: string]: unknown }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The parsed document, or `undefined` where the text is not JSON. `null` in the text stays `null`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The first of `keys` that holds a non-empty string. */
export function stringField(object: JsonObject, ...keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = object[key]
    if (typeof value === "string" && value !== "") return value
  }
  return undefined
}

/** The first of `keys` that holds a finite number. */
export function numberField(object: JsonObject, ...keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const value = object[key]
    if (typeof value === "number" && Number.isFinite(value)) return value
  }
  return undefined
}
