/**
 * Guards over `unknown`, by which a parsed document, a database row or a host argument becomes typed, the shapes of
 * values from elsewhere that several rooms check, somebody else's text as a screen may show it, and what an exchange that
 * failed says in words.
 */

import type { Node } from "jsonc-parser"

export type JsonObject = { readonly [key: string]: unknown }

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/**
 * The first name on the way to a place in a JSON text which its object has more than once: an editor changes the first of
 * them, and a reader takes the last.
 */
export function repeatedName(
  tree: Node | undefined,
  [step, ...rest]: readonly (string | number)[],
): string | undefined {
  if (tree === undefined || step === undefined) return undefined
  if (typeof step === "number") return repeatedName(tree.children?.[step], rest)
  const [first, ...others] = tree.children?.filter(({ children }) => children?.[0]?.value === step) ?? []
  return others.length > 0 ? step : repeatedName(first?.children?.[1], rest)
}

/** The value itself, or an object without members where it is none: what is read of that is absent. */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {}
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
  if (depth === 0) return true
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const inner of members) if (typeof inner === "object" && isNestedDeeper(inner, depth - 1)) return true
  return false
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

/** The value without the parts that these paths lead to. */
export function withoutParts(value: unknown, paths: readonly (readonly PropertyKey[])[]): unknown {
  const kept = (key: PropertyKey, part: unknown): readonly [unknown?] => {
    const below = paths.filter(([first]) => first === key).map(([, ...path]) => path)
    return below.some(({ length }) => length === 0) ? [] : [withoutParts(part, below)]
  }
  if (Array.isArray(value)) return value.flatMap((part, index) => kept(index, part))
  if (!isObject(value)) return value
  const parts = Object.entries(value).flatMap(([key, part]) =>
    kept(key, part).map((each) => [key, each] as const),
  )
  return Object.fromEntries(parts)
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

/** What a terminal obeys instead of showing it. */
// oxlint-disable-next-line no-control-regex
const COMMANDS = /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B\]|\u009D)[^\u0007\u001B\u009C]*|\u001B[0-~]/g
/** Turns the line round, or is not seen; a joiner within a word or an emoji stays. */
const UNSEEN =
  /[\u00AD\u061C\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu
/** As many letters as a name has where it is shown. */
const LONGEST_NAME = 80

/** Somebody else's text for one line of a screen, on which it can do nothing but be read. */
export function plainText(text: string): string {
  if (/^[ -~]*$/.test(text) && !text.includes("  ")) return text.trim()
  return text
    .replaceAll(COMMANDS, "")
    .replaceAll(UNSEEN, "")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim()
}

/** The same of a name, cut to what a screen has room for. */
export function plainName(name: string): string {
  const plain = plainText(name)
  return plain.length <= LONGEST_NAME ? plain : `${beginning(plain, LONGEST_NAME - 1)}…`
}

/** So many letters, with no half of a surrogate pair at the end. */
export function beginning(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "")
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The message of what was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** What `fetch`, or reading a body, threw, and what caused it, the innermost last. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  let link = error
  while (link !== undefined && link !== null && chain.length < 8) {
    chain.push(link)
    if (link instanceof AggregateError && link.errors.length > 0) link = link.errors[0]
    else link = link instanceof Error ? link.cause : undefined
  }
  return chain
}

/** Bun asks and tells its programmer; nobody who reads our texts is that. */
const RUNTIME_HINT =
  /\s*(?:For more information, pass `verbose: true`|Is the computer able to access|Was there a typo in the url).*$/s

/** As Bun says it, OpenCode would take it for a reason to ask again: a fatal text would be left without these words. */
const SOCKET_CLOSED = /\bsocket (?=connection was closed\b)/

/** The innermost words of what `fetch`, or reading a body, threw. */
export function wordsOfFault(error: unknown): string {
  const innermost = causesOf(error).findLast((link) => link instanceof Error)
  const words = (innermost?.message ?? String(error)).replace(RUNTIME_HINT, "").replace(SOCKET_CLOSED, "")
  return plainText(words).slice(0, 300)
}

/** Titles are looked for at the beginning: the pattern goes over a text once for each match that begins. */
const MOST_SEARCHED = 10_000

/** A page's own word for itself, with the status that it came with. */
export function wordsOfPage(status: number, page: string): string {
  const title = /<(?:title|h1|message)\b[^>]*>([^<]*)/i.exec(page.slice(0, MOST_SEARCHED))?.[1] ?? ""
  const words = plainText(title) || meantBy(status)
  return words.startsWith(String(status)) ? words : `${status} ${words}`.trim()
}

/** What a proxy asks for is said also where it does not say it, as behind Node's fetch. */
function meantBy(status: number): string {
  if (status === 407) return "Proxy Authentication Required"
  return status >= 300 && status < 400 ? "redirect to another address" : ""
}
