import { isObject } from "../../json.ts"

/** Deeper values are cut: a serialiser's stack has an end. */
const MAX_DEPTH = 200

/** The value with every lone surrogate, which makes a body invalid for the service, replaced by U+FFFD. */
export function wellFormed(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.toWellFormed()
  if (depth > MAX_DEPTH) return null
  if (Array.isArray(value)) return value.map((item) => wellFormed(item, depth + 1))
  if (!isObject(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key.toWellFormed(), wellFormed(item, depth + 1)]))
}
