export type Flow = "oidc" | "social" | "external-idp"

export interface StoreKey {
  readonly key: string
  /** `kirocli`, or `codewhisperer` in stores of the Amazon Q CLI. */
  readonly prefix: string
  readonly flow: Flow
  readonly part: "token" | "registration"
}

/** kiro-cli writes `odic`, misspelt; both spellings have been seen, as have dashes and underscores. */
const KEY =
  /^(kirocli|kiro-cli|codewhisperer|amazon-?q):(odic|oidc|social|external[-_]?idp):(token|device[-_]registration)$/i

export function readStoreKey(key: string): StoreKey | undefined {
  const [, prefix, flow, part] = KEY.exec(key) ?? []
  if (prefix === undefined || flow === undefined || part === undefined) return undefined
  return {
    key,
    prefix: prefix.toLowerCase(),
    flow: flowOf(flow.toLowerCase()),
    part: part.toLowerCase() === "token" ? "token" : "registration",
  }
}

function flowOf(word: string): Flow {
  if (word === "social") return "social"
  return word.startsWith("external") ? "external-idp" : "oidc"
}
