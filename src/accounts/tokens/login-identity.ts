import { createHash } from "node:crypto"
import type { Login, LoginSource, TokenLogin, TokenSet } from "../account.ts"
import { isObject, parseJson, stringField } from "../../json.ts"
import type { Secret } from "../../secret.ts"
import { sameTokens } from "../login.ts"
import type { Reread } from "./source-store.ts"

/** The same for every process that sees the same tokens in the same place: two imports at once offer one login. */
export function derivedLoginId(source: LoginSource, sourceKey: string, secret: Secret): string {
  const text = [source, sourceKey, secret.reveal()].join("\0")
  return createHash("sha256").update(text).digest("hex").slice(0, 32)
}

/**
 * What a store that now holds `found` says of `login`. A token in common is proof. The same place with another
 * client, provider or endpoint is a login of its own; the same place and client is likely, not certainly, the same
 * person: only the service's user id can tell.
 */
export function judgeReread(login: Login, found: readonly TokenLogin[]): Reread {
  if (login.kind === "api-key") return { state: "gone" }
  const candidates = found.filter((candidate) => candidate.kind === login.kind)
  const same = candidates
    .filter((candidate) => sameTokens(candidate.tokens, login.tokens))
    .toSorted(newestFirst)[0]
  if (same !== undefined) return { state: "found", tokens: same.tokens, certain: true }
  const inPlace = candidates.find((candidate) => candidate.sourceKey === login.sourceKey)
  if (inPlace === undefined) return { state: "gone" }
  switch (sameLogin(login, inPlace)) {
    case "no":
      return { state: "gone" }
    case "yes":
      return { state: "found", tokens: inPlace.tokens, certain: true }
    case "perhaps":
      return { state: "found", tokens: inPlace.tokens, certain: false }
  }
}

function newestFirst(one: TokenLogin, other: TokenLogin): number {
  return other.tokens.expiresAt - one.tokens.expiresAt
}

/**
 * Whether two logins of one place are the same person's, by what is in the two records, without a token in common.
 * `perhaps` is likely: programs renew their tokens every hour, and people rarely change.
 */
export function sameLogin(one: TokenLogin, other: TokenLogin): "yes" | "no" | "perhaps" {
  if (one.kind !== other.kind) return "no"
  const [traits, otherTraits] = [traitsOf(one), traitsOf(other)]
  if (traits.of.some((part, index) => differ(part, otherTraits.of[index]))) return "no"
  const { subject } = traits
  if (subject === undefined || otherTraits.subject === undefined) return "perhaps"
  return subject === otherTraits.subject ? "yes" : "no"
}

interface Traits {
  /** Client, provider, endpoint: whatever a renewal does not change. One that is not known is like any. */
  readonly of: readonly (string | undefined)[]
  /** The person, where the token itself names one. */
  readonly subject?: string | undefined
}

function traitsOf(login: TokenLogin): Traits {
  switch (login.kind) {
    case "idc":
      return { of: [login.client.clientId] }
    case "social":
      return { of: [login.provider?.toLowerCase()] }
    case "external-idp":
      return { of: [login.clientId, login.tokenEndpoint], subject: subjectOf(login.tokens) }
    default:
      return login satisfies never
  }
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

/** The access tokens of most identity providers are JWTs (RFC 7519): issuer and subject name the person. */
function subjectOf({ accessToken }: TokenSet): string | undefined {
  const payload = accessToken.reveal().split(".")[1]
  if (payload === undefined) return undefined
  const claims = parseJson(Buffer.from(payload, "base64url").toString())
  if (!isObject(claims)) return undefined
  const subject = stringField(claims, "sub")
  return subject === undefined ? undefined : `${stringField(claims, "iss") ?? ""} ${subject}`
}
