import type { JsonObject } from "../json.ts"

/** What one key of kiro.json may hold. */
export interface Rule<Value> {
  /** The allowed range in words, for the message about a bad value. */
  readonly allowed: string
  /** The same as JSON schema. */
  readonly schema: JsonObject
  /** `undefined` where the value is not allowed. */
  read(value: unknown): Value | undefined
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
  allowed: "true or false",
  schema: { type: "boolean" },
  read: (value) => (typeof value === "boolean" ? value : undefined),
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
    allowed: `a whole number from ${range.minimum} to ${range.maximum}`,
    schema: { type: "integer", minimum: lowest, maximum: range.maximum },
    read: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= lowest && value <= range.maximum
        ? value
        : undefined,
    readText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  }
}

export function choice<const Choices extends readonly string[]>(choices: Choices): Rule<Choices[number]> {
  return {
    allowed: `one of ${choices.join(", ")}`,
    schema: { enum: choices },
    read: (value) => choices.find((candidate) => candidate === value),
    readText: (text) => text,
  }
}

/** A text that `pattern` matches. */
export function text(rule: { readonly allowed: string; readonly pattern: RegExp }): Rule<string> {
  return {
    allowed: rule.allowed,
    schema: { type: "string", pattern: rule.pattern.source },
    read: (value) => (typeof value === "string" && rule.pattern.test(value) ? value : undefined),
    readText: (value) => value,
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"])

/** An https URL without a user name or password in it; with `loopback` also http on this machine. */
export function url(options: { readonly loopback: boolean }): Rule<string> {
  return {
    allowed: options.loopback ? "an https URL, or http on localhost" : "an https URL",
    schema: { type: "string", format: "uri" },
    read: (value) => {
      if (typeof value !== "string" || !URL.canParse(value)) return undefined
      const { protocol, hostname, username, password } = new URL(value)
      if (username !== "" || password !== "") return undefined
      if (protocol === "https:") return value
      return options.loopback && protocol === "http:" && LOOPBACK.has(hostname) ? value : undefined
    },
    readText: (value) => value,
  }
}
