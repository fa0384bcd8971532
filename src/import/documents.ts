import { applyEdits, modify } from "jsonc-parser"
import {
  type ClientRegistration,
  type PairChange,
  pairHash,
  type PlaceKey,
  type SourceProblem,
  type SourceReading,
  type TokenLogin,
  type TokenSet,
  type WriteBack,
} from "../accounts/index.ts"
import { isObject, type JsonObject, parseJson, plausibleInstant, present, stringField } from "../json.ts"
import { Secret } from "../secret.ts"

const ACCESS = ["access_token", "accessToken"] as const
const REFRESH = ["refresh_token", "refreshToken"] as const
const EXPIRES = ["expires_at", "expiresAt"] as const

export type TokenDocument =
  | { readonly state: "tokens"; readonly tokens: TokenSet; readonly fields: JsonObject }
  | LoggedOut
  | Strange

/**
 * A token document of kiro-cli (snake_case) or of the Kiro IDE (camelCase); either spelling is taken everywhere.
 * A missing or unreadable expiry counts as expired: the first use refreshes it.
 */
export function readTokenDocument(text: string): TokenDocument {
  if (text.trim() === "") return { state: "logged-out" }
  const document = parseJson(text)
  if (document === null) return { state: "logged-out" }
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
      ...present({ refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken) }),
      expiresAt: readInstant(firstOf(document, EXPIRES)) ?? 0,
    },
  }
}

/** The same text with another pair: three fields in their own spelling and time format, every other byte as it is. */
export function rewriteTokenDocument(text: string, after: TokenSet): string {
  const document = parseJson(text)
  if (!isObject(document)) return text
  const put = (before: string, keys: readonly string[], value: (previous: unknown) => unknown): string => {
    const there = keys.filter((key) => Object.hasOwn(document, key))
    const names = there.length > 0 ? there : [spellingOf(document, keys)]
    return names.reduce(
      (current, name) => applyEdits(current, modify(current, [name], value(document[name]), {})),
      before,
    )
  }
  const withAccess = put(text, ACCESS, () => after.accessToken.reveal())
  const { refreshToken } = after
  const withPair =
    refreshToken === undefined ? withAccess : put(withAccess, REFRESH, () => refreshToken.reveal())
  return put(withPair, EXPIRES, (previous) => writeInstant(after.expiresAt, previous))
}

/**
 * Writes our pair where the text holds one that it replaces. What is half written, or of a version that nobody knows, may
 * become whole again.
 */
export function replacePair(text: string, change: PairChange, write: (text: string) => void): WriteBack {
  const document = readTokenDocument(text)
  if (document.state === "logged-out") return "gone"
  if (document.state === "strange") return "unavailable"
  const verdict = judgePair(document.tokens, change)
  if (verdict !== "write") return verdict
  write(rewriteTokenDocument(text, change.after))
  return "written"
}

/** What is to be done with the pair that a place holds. Of two access tokens for one refresh token the newer counts. */
export function judgePair(held: TokenSet, { replaces, after }: PairChange): "write" | "current" | "other" {
  const hash = pairHash(held)
  if (hash !== pairHash(after)) return replaces.includes(hash) ? "write" : "other"
  return held.accessToken.equals(after.accessToken) || held.expiresAt >= after.expiresAt ? "current" : "write"
}

function spellingOf(fields: JsonObject, keys: readonly string[]): string {
  const [snake = "", camel = snake] = keys
  return Object.hasOwn(fields, ACCESS[1]) ? camel : snake
}

function firstOf(fields: JsonObject, keys: readonly string[]): unknown {
  return keys.map((key) => fields[key]).find((value) => value !== undefined && value !== null)
}

/** People paste shortened copies of their files back in place. */
function isRedacted(token: string): boolean {
  return /(?:\.\.\.|…)$/.test(token)
}

/** Whether the text is a whole JSON document; a file that is being written is not, for a moment. */
export function isWhole(text: string): boolean {
  return parseJson(text) !== undefined
}

/** Below it a number counts seconds, above it milliseconds (1e11 ms is 1973, 1e11 s is the year 5138). */
const SECONDS_BELOW = 1e11

/**
 * An instant as other programs write one: RFC 3339 text with any offset and 0 to 9 digits of fraction, epoch
 * seconds or epoch milliseconds, as a number or as text. Epoch ms, or `undefined` where it is none of these, or not
 * between the years 2000 and 2100.
 */
export function readInstant(value: unknown): number | undefined {
  if (typeof value === "number") return fromNumber(value)
  if (typeof value !== "string" || value.trim() === "") return undefined
  const text = value.trim()
  if (/^\d+(?:\.\d+)?$/.test(text)) return fromNumber(Number(text))
  // Date.parse takes three digits of fraction everywhere; more only by the engine's leave.
  const instant = Date.parse(text.replace(/(\.\d{3})\d+/, "$1").replace(/^(\d{4}-\d\d-\d\d) /, "$1T"))
  return plausibleInstant(Number.isFinite(instant) ? instant : undefined)
}

function fromNumber(value: number): number | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined
  return plausibleInstant(value < SECONDS_BELOW ? Math.round(value * 1000) : Math.round(value))
}

/** `instant` (epoch ms) in the format of `previous`: the same unit, the same digits of fraction, the same UTC mark. */
export function writeInstant(instant: number, previous: unknown): string | number {
  if (typeof previous === "number") return previous < SECONDS_BELOW ? Math.floor(instant / 1000) : instant
  const text = typeof previous === "string" ? previous.trim() : ""
  if (/^\d+$/.test(text)) return String(writeInstant(instant, Number(text)))
  const iso = new Date(instant).toISOString()
  if (text === "") return iso
  const digits = /\.(\d+)/.exec(text)?.[1]?.length ?? 0
  const fraction = digits === 0 ? "" : `.${iso.slice(20, 23).padEnd(digits, "0").slice(0, digits)}`
  return `${iso.slice(0, 19)}${fraction}${text.endsWith("+00:00") ? "+00:00" : "Z"}`
}

export interface Registration {
  readonly state: "registration"
  readonly client: ClientRegistration
  readonly region?: string
}

/** The registration at SSO OIDC as kiro-cli (snake_case) and the Kiro IDE (camelCase) keep it. */
export function readRegistration(text: string): Registration | undefined {
  const document = parseJson(text)
  return isObject(document) ? registrationIn(document) : undefined
}

export function registrationIn(document: JsonObject): Registration | undefined {
  const clientId = stringField(document, "client_id", "clientId")
  const clientSecret = stringField(document, "client_secret", "clientSecret")
  if (clientId === undefined || clientSecret === undefined) return undefined
  const expiresAt = readInstant(
    document["client_secret_expires_at"] ?? document["clientSecretExpiresAt"] ?? document["expiresAt"],
  )
  return {
    state: "registration",
    client: { clientId, clientSecret: new Secret(clientSecret), ...present({ expiresAt }) },
    ...present({ region: stringField(document, "region") }),
  }
}

/** The start URL of a login, as far as its record holds one. */
export function readStartUrl(stated: string | undefined): string | undefined {
  return stated !== undefined && URL.canParse(stated) ? stated : undefined
}

type LoginBase = Pick<TokenLogin, "id" | "source" | "tokens" | "profileArn">

/** A login of a record, or why it is none; `key` names the field. */
export type ReadLogin = { readonly state: "login"; readonly login: TokenLogin } | Strange

/** JSON null or an empty value. */
export interface LoggedOut {
  readonly state: "logged-out"
}

export interface Strange {
  readonly state: "strange"
  readonly message: string
  readonly key?: string
}

/** One record of a store, and what was found in it. */
export interface StoreRecord {
  readonly place: PlaceKey
  /** What a problem calls it; absent where the problem names a field of it, or it is all of its file. */
  readonly key?: string
  readonly found: ReadLogin | LoggedOut
  readonly email?: string | undefined
}

/** The logins of a file's records. One that can't be used becomes a problem; the others still count. */
export function readingOf(file: string, records: readonly StoreRecord[]): SourceReading {
  const strange = records.flatMap(({ found, place, key }) =>
    found.state === "strange" ? [{ place, message: found.message, key: key ?? found.key }] : [],
  )
  return {
    logins: records.flatMap(({ found, place, email }) =>
      found.state === "login" ? [{ login: found.login, place, ...present({ email }) }] : [],
    ),
    problems: strange.map(({ place, key, message }) => {
      return { source: place.source, file, message, ...present({ key }) }
    }),
    unread: strange.map(({ place }) => place.key),
  }
}

/** Of a file that could not be read: whoever is known from there stays. Why, where that is worth a word. */
export function nothingOf(file: string, problem?: Omit<SourceProblem, "file">): SourceReading {
  return { logins: [], problems: problem === undefined ? [] : [{ ...problem, file }], unread: [file] }
}

export function socialLogin(base: LoginBase, fields: JsonObject): ReadLogin {
  const provider = stringField(fields, "provider")
  return { state: "login", login: { ...base, kind: "social", ...present({ provider }) } }
}

/**
 * A login of a customer's identity provider. Okta records name only their issuer. An endpoint that is not https
 * gives no login: the record could send the refresh token anywhere.
 */
export function externalLogin(base: LoginBase, fields: JsonObject): ReadLogin {
  const clientId = stringField(fields, "client_id", "clientId")
  if (clientId === undefined) return { state: "strange", message: "names no client id" }
  const issuer = stringField(fields, "issuer_url", "issuerUrl")
  const tokenEndpoint =
    stringField(fields, "token_endpoint", "tokenEndpoint") ??
    (issuer === undefined ? undefined : `${issuer.replace(/\/+$/, "")}/v1/token`)
  if (tokenEndpoint === undefined) return { state: "strange", message: "names no token endpoint" }
  if (!URL.canParse(tokenEndpoint) || new URL(tokenEndpoint).protocol !== "https:")
    return { state: "strange", message: "names a token endpoint that is not https" }
  const scopes = scopesOf(fields["scopes"] ?? fields["scope"])
  return {
    state: "login",
    login: { ...base, kind: "external-idp", clientId, tokenEndpoint, ...present({ scopes }) },
  }
}

function scopesOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() || undefined
  if (!Array.isArray(value)) return undefined
  return value.filter((scope) => typeof scope === "string").join(" ") || undefined
}
