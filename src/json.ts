/**
 * Guards over `unknown`, by which a parsed document, a database row or a host argument becomes typed, and the shapes of
 * values from elsewhere that several rooms check.
 */

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

/** Whether a value holds values in values further than `depth`; one that holds itself does. */
export function isNestedDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isNestedDeeper(inner, depth - 1))
}

/** What a percent-encoded text stands for; one that is not so encoded stands for itself. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
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

/** The same members; those that may be `undefined` may be absent instead. */
export type Present<Fields> = {
  readonly [Name in keyof Fields as undefined extends Fields[Name] ? never : Name]: Fields[Name]
} & {
  readonly [Name in keyof Fields as undefined extends Fields[Name] ? Name : never]?: Exclude<
    Fields[Name],
    undefined
  >
}

/** The fields that have a value: for optional properties, which are left out and not set to `undefined`. */
export function present<Fields extends object>(fields: Fields): Present<Fields>
export function present<Fields extends object>(fields: Fields): Partial<Fields> {
  const kept: Partial<Fields> = {}
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name]
  return kept
}

/** An AWS region's shape, also `eusc-de-east-1`: what has it can be put into a host name as it is. */
export const REGION_SHAPE: RegExp = /^[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2}$/

export const PROFILE_ARN_SHAPE: RegExp =
  /^arn:aws[a-z-]*:codewhisperer:[a-z0-9-]+:[0-9]{12}:profile\/[A-Za-z0-9._-]+$/

const EARLIEST_AT = Date.UTC(2000, 0, 1)
const LATEST_AT = Date.UTC(2100, 0, 1)
const LONGEST_LIFE_MS = 366 * 24 * 3_600_000

/** An instant (epoch ms) that somebody else named, or `undefined` where it is not between 2000 and 2100. */
export function plausibleInstant(at: number | undefined): number | undefined {
  return at !== undefined && at >= EARLIEST_AT && at < LATEST_AT ? at : undefined
}

/** A life time (ms) that somebody else named, or `undefined` where it is none or longer than a year. */
export function plausibleLifetime(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 && ms <= LONGEST_LIFE_MS ? ms : undefined
}
