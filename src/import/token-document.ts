import type { TokenSet } from "../accounts/index.ts"
import { isObject, type JsonObject, parseJson, stringField } from "../json.ts"
import { Secret } from "../secret.ts"
import { readInstant, writeInstant } from "./instant.ts"

const ACCESS = ["access_token", "accessToken"] as const
const REFRESH = ["refresh_token", "refreshToken"] as const
const EXPIRES = ["expires_at", "expiresAt"] as const

export type TokenDocument =
  | { readonly state: "tokens"; readonly tokens: TokenSet; readonly fields: JsonObject }
  /** JSON null or an empty value: logged out. */
  | { readonly state: "empty" }
  | { readonly state: "strange"; readonly message: string }

/**
 * A token document of kiro-cli (snake_case) or of the Kiro IDE (camelCase); either spelling is taken everywhere.
 * A missing or unreadable expiry counts as expired: the first use refreshes it.
 */
export function readTokenDocument(text: string): TokenDocument {
  if (text.trim() === "") return { state: "empty" }
  const document = parseJson(text)
  if (document === null) return { state: "empty" }
  if (!isObject(document)) return { state: "strange", message: "is not a JSON object" }
  const accessToken = stringField(document, ...ACCESS)
  if (accessToken === undefined) return { state: "strange", message: "holds no access token" }
  const refreshToken = stringField(document, ...REFRESH)
  if (isRedacted(accessToken) || (refreshToken !== undefined && isRedacted(refreshToken)))
    return { state: "strange", message: "is a redacted copy" }
  return {
    state: "tokens",
    fields: document,
    tokens: {
      accessToken: new Secret(accessToken),
      ...(refreshToken === undefined ? {} : { refreshToken: new Secret(refreshToken) }),
      expiresAt: readInstant(firstOf(document, EXPIRES)) ?? 0,
    },
  }
}

/** The same document with another pair: three fields in their own spelling and time format, all others as they are. */
export function rewriteTokenDocument(fields: JsonObject, after: TokenSet): string {
  const changed: Record<string, unknown> = { ...fields }
  const put = (keys: readonly string[], value: (previous: unknown) => unknown): void => {
    const present = keys.filter((key) => key in fields)
    for (const key of present) changed[key] = value(fields[key])
    if (present.length === 0) changed[spellingOf(fields, keys)] = value(undefined)
  }
  put(ACCESS, () => after.accessToken.reveal())
  if (after.refreshToken !== undefined) put(REFRESH, () => after.refreshToken?.reveal())
  put(EXPIRES, (previous) => writeInstant(after.expiresAt, previous))
  return JSON.stringify(changed)
}

function spellingOf(fields: JsonObject, keys: readonly string[]): string {
  const [snake = "", camel = snake] = keys
  return ACCESS[1] in fields ? camel : snake
}

function firstOf(fields: JsonObject, keys: readonly string[]): unknown {
  return keys.map((key) => fields[key]).find((value) => value !== undefined && value !== null)
}

/** People paste shortened copies of their files back in place. */
function isRedacted(token: string): boolean {
  return /(?:\.\.\.|…)$/.test(token)
}

export function samePair(one: TokenSet, other: TokenSet): boolean {
  return one.accessToken.equals(other.accessToken) && sameSecret(one.refreshToken, other.refreshToken)
}

function sameSecret(one: Secret | undefined, other: Secret | undefined): boolean {
  return one === undefined ? other === undefined : other !== undefined && one.equals(other)
}
