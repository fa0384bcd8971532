import { refuse, type Refusal } from "./rule.ts"

/** A body that is no JSON text, or holds half of a surrogate pair, which no UTF-8 text can. */
export function checkText(body: unknown): Refusal | undefined {
  if (body === undefined || holdsLoneSurrogate(body))
    return refuse("The request body is not valid JSON.", "REQUEST_BODY_INVALID_JSON")
  return undefined
}

function holdsLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") return !value.isWellFormed()
  if (typeof value !== "object" || value === null) return false
  return Object.entries(value).some(([key, member]) => !key.isWellFormed() || holdsLoneSurrogate(member))
}
