import { isObject, parseJson } from "../../json.ts"
import type { JsonObject } from "../../json.ts"
import { isBlank } from "./conversation.ts"
import { wellFormed } from "./well-formed.ts"

/** An escape that may be half of a surrogate pair. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/

/** The nesting of arguments that is sent as such: no tool needs more, and a serialiser's stack has an end. */
const MAX_DEPTH = 100

/**
 * A tool use needs a JSON object. No arguments are the empty object; arguments that are no object, no JSON at all or
 * nested too deep reach the model under the key that Chat Completions gives them, as they are.
 */
export function readArguments(text: string): JsonObject {
  if (isBlank(text)) return {}
  const parsed = parseJson(text)
  if (isNestedDeeper(parsed, MAX_DEPTH)) return { arguments: text }
  if (isObject(parsed)) {
    const clean = SURROGATE_ESCAPE.test(text) ? wellFormed(parsed) : parsed
    return isObject(clean) ? clean : {}
  }
  if (parsed === null) return {}
  return { arguments: parsed === undefined ? text : wellFormed(parsed) }
}

function isNestedDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isNestedDeeper(inner, depth - 1))
}
