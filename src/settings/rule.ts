import type { JsonObject } from "../json.ts"

/**
 * What one key of kiro.json may hold. Written by hand: a schema library takes longer to load than all else that
 * OpenCode waits for at its start.
 */
export interface Rule<Value> {
  /** The allowed range in words, for the message about a bad value. */
  readonly allowed: string
  /** The same for editors, in JSON schema (draft 7). */
  readonly schema: JsonObject
  /** The value, or `undefined` where it is not allowed. */
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
  const { minimum, maximum, acceptedFrom: lowest = minimum } = range
  return {
    allowed: `a whole number from ${minimum} to ${maximum}`,
    schema: { type: "integer", minimum: lowest, maximum },
    read: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= lowest && value <= maximum
        ? value
        : undefined,
    readText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  }
}

export function choice<const Choice extends string>(choices: readonly Choice[]): Rule<Choice> {
  return {
    allowed: `one of ${choices.join(", ")}`,
    schema: { type: "string", enum: choices },
    read: (value) => choices.find((each) => each === value),
    readText: (text) => text,
  }
}

/** A text that `pattern` matches. */
export function text({
  allowed,
  pattern,
}: {
  readonly allowed: string
  readonly pattern: RegExp
}): Rule<string> {
  return {
    allowed,
    schema: { type: "string", pattern: pattern.source },
    read: (value) => (typeof value === "string" && pattern.test(value) ? value : undefined),
    readText: (value) => value,
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"])

/** An https URL without a user name or password in it; with `loopback` also http on this machine. */
export function url({ loopback }: { readonly loopback: boolean }): Rule<string> {
  const isAllowed = (address: string): boolean => {
    if (!URL.canParse(address)) return false
    const { protocol, hostname, username, password } = new URL(address)
    if (username !== "" || password !== "") return false
    return protocol === "https:" || (loopback && protocol === "http:" && LOOPBACK.has(hostname))
  }
  return {
    allowed: loopback ? "an https URL, or http on localhost" : "an https URL",
    schema: { type: "string", format: "uri" },
    read: (value) => (typeof value === "string" && isAllowed(value) ? value.trim() : undefined),
    readText: (value) => value,
  }
}
