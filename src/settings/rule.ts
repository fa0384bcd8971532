import * as z from "zod/mini"

/** What one key of kiro.json may hold. */
export interface Rule<Value> {
  readonly schema: z.ZodMiniType<Value>
  /** The allowed range in words, for the message about a bad value. */
  readonly allowed: string
  /** The JSON value that the text of an environment variable stands for. */
  readText(text: string): unknown
}

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
])

export const boolean: Rule<boolean> = {
  schema: z.boolean(),
  allowed: "true or false",
  readText: (text) => BOOLEAN_WORDS.get(text.toLowerCase()) ?? text,
}

/** `acceptedFrom`: the lower bound of older versions, taken without a complaint. */
export function integer(range: {
  readonly minimum: number
  readonly maximum: number
  readonly acceptedFrom?: number
}): Rule<number> {
  const lowest = range.acceptedFrom ?? range.minimum
  return {
    schema: z.int().check(z.minimum(lowest), z.maximum(range.maximum)),
    allowed: `a whole number from ${range.minimum} to ${range.maximum}`,
    readText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  }
}

export function choice<const Choices extends readonly string[]>(choices: Choices): Rule<Choices[number]> {
  return { schema: z.enum(choices), allowed: `one of ${choices.join(", ")}`, readText: (text) => text }
}

/** A text that `pattern` matches. */
export function text(rule: { readonly allowed: string; readonly pattern: RegExp }): Rule<string> {
  return {
    schema: z.string().check(z.regex(rule.pattern)),
    allowed: rule.allowed,
    readText: (value) => value,
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"])

/** An https URL without a user name or password in it; with `loopback` also http on this machine. */
export function url(options: { readonly loopback: boolean }): Rule<string> {
  const isAllowed = (value: string): boolean => {
    if (!URL.canParse(value)) return false
    const { protocol, hostname, username, password } = new URL(value)
    if (username !== "" || password !== "") return false
    return protocol === "https:" || (options.loopback && protocol === "http:" && LOOPBACK.has(hostname))
  }
  return {
    schema: z.url().check(z.refine(isAllowed)),
    allowed: options.loopback ? "an https URL, or http on localhost" : "an https URL",
    readText: (value) => value,
  }
}
