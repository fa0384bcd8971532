import { createHash } from "node:crypto"
import { isObject, parseJson, present, stringField } from "../json.ts"
import type { TokenType } from "../kiro/index.ts"
import type { RefreshGrant } from "../oauth/index.ts"
import type { Secret } from "../secret.ts"
import type {
  Account,
  ForgottenLogin,
  Login,
  LoginRecord,
  LoginSource,
  PlaceKey,
  TokenLogin,
  TokenSet,
} from "./account.ts"

/** Pairs of its own that a login remembers; those that it took over. */
const MOST_HASHES = 40
const MOST_INHERITED = 100

/** An account that nothing is known of but how to log in to it. */
export function newAccount(account: {
  readonly id: string
  readonly now: number
  readonly logins: readonly Login[]
}): Account {
  const { id, now, logins } = account
  return { id, addedAt: now, enabled: true, assignment: 0, health: { state: "ok" }, logins, hosts: {} }
}

export function hashOf(secret: Secret): string {
  return createHash("sha256").update(secret.reveal()).digest("hex")
}

/** Names a pair for good: a service gives each refresh token once, or repeats it. */
export function pairHash({
  refreshToken,
  accessToken,
}: Pick<TokenSet, "refreshToken" | "accessToken">): string {
  return hashOf(refreshToken ?? accessToken)
}

export function loginHash(login: Login): string {
  return login.kind === "api-key" ? hashOf(login.key) : pairHash(login.tokens)
}

/** The same for every process that sees the same pair, wherever: two imports at once make one login. */
export function derivedLoginId(hash: string): string {
  return hashOf32("login", hash)
}

export function derivedAccountId(hash: string): string {
  return hashOf32("account", hash)
}

function hashOf32(kind: string, hash: string): string {
  return createHash("sha256").update(`${kind}\0${hash}`).digest("hex").slice(0, 32)
}

/** What is known of a login; of one that was just made, that it holds its pair. */
export function recordOf(login: Login | ForgottenLogin): LoginRecord {
  if (login.kind === "forgotten") return login.record
  return login.record ?? { places: [], hashes: [loginHash(login)], inherited: [] }
}

/** `undefined` takes a member away. */
export function withRecord<Kind extends Login | ForgottenLogin>(login: Kind, change: RecordChange): Kind {
  const { places, hashes, inherited } = recordOf(login)
  return { ...login, record: { places, hashes, inherited, ...present({ ...recordOf(login), ...change }) } }
}

type RecordChange = { -readonly [Member in keyof LoginRecord]?: LoginRecord[Member] | undefined }

export function hasLogin({ logins }: Account, loginId: string): boolean {
  return logins.some(({ id }) => id === loginId)
}

/** The account with a login of it changed; the same where that comes to nothing. */
export function changeLogin(account: Account, loginId: string, change: (login: Login) => Login): Account {
  const login = account.logins.find(({ id }) => id === loginId)
  const next = login && change(login)
  if (next === undefined || next === login) return account
  return { ...account, logins: account.logins.map((each) => (each === login ? next : each)) }
}

/** The hashes with one more at the end. */
export function withHash(hashes: readonly string[], hash: string): readonly string[] {
  if (hashes.at(-1) === hash) return hashes
  return [...hashes.filter((other) => other !== hash), hash].slice(-MOST_HASHES)
}

/**
 * Takes the pairs of a login whose part it takes, and what a clock that was set back made of their ends: its own pairs are
 * more in number than others are remembered.
 */
export function withInherited<Kind extends Login | ForgottenLogin>(heir: Kind, before: Login): Kind {
  const record = recordOf(heir)
  const inherited = [...new Set([...record.inherited, ...pairsOf(before)])].filter(
    (hash) => !record.hashes.includes(hash),
  )
  const outlived = Math.max(record.outlived ?? 0, recordOf(before).outlived ?? 0) || undefined
  return withRecord(heir, { inherited: inherited.slice(-MOST_INHERITED), outlived })
}

/** All that it is known by: those whose part it took, then its own. */
function pairsOf(login: Login): readonly string[] {
  const { inherited, hashes } = recordOf(login)
  return [...inherited, ...hashes]
}

export function samePlace(one: PlaceKey, other: PlaceKey): boolean {
  return one.source === other.source && one.key === other.key
}

/** Whether it is nowhere but in older plugins' tables, which copied it from kiro-cli. */
export function isCopy(login: Login | ForgottenLogin): boolean {
  const { places } = recordOf(login)
  return places.length > 0 && places.every(({ source }) => source === "older-plugin")
}

/** Whether kiro-cli's logins are there: in its own stores, or in older plugins' tables, which copy what it has. */
export function isOfKiroCli(source: LoginSource): boolean {
  return source === "kiro-cli" || source === "older-plugin"
}

/** Whether kiro-cli shows it now. */
export function isInKiroCli(login: Login | ForgottenLogin): boolean {
  return recordOf(login).places.some(({ source }) => source === "kiro-cli")
}

/** Whether another program lacks its newer pair. */
export function isOwing(login: Login): boolean {
  return recordOf(login).places.some(({ owed }) => owed === true)
}

/** The owner, as far as it was asked for. */
export function ownerOf(login: Login | ForgottenLogin): string | undefined {
  return login.record?.owner
}

/**
 * Whether the second can't be the first one renewed: a program renews with the registration, the provider and the
 * start URL that a login has. What only one of the records tells, the other may have left out.
 */
export function isSignedInAnew(before: Login, after: Login): boolean {
  if (before.kind !== after.kind) return true
  return (
    areOther(registrationOf(before), registrationOf(after)) || areOther(startUrlOf(before), startUrlOf(after))
  )
}

function areOther(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other
}

/** Whether the two can be one sign-in, as far as they tell: what is left of a login does not tell its start URL. */
export function mayBeOneSignIn(one: Login | ForgottenLogin, other: Login | ForgottenLogin): boolean {
  if (one.kind !== "forgotten" && other.kind !== "forgotten") return !isSignedInAnew(one, other)
  const [left, right] = [renewalOf(one), renewalOf(other)]
  // What is not known of a social login is like any.
  return left !== undefined && left.kind === right?.kind && !areOther(left.registration, right.registration)
}

/** Of a login that is no more it is what was kept; an API key is not renewed. */
export function renewalOf(login: Login | ForgottenLogin): ForgottenLogin["renewal"] {
  if (login.kind === "forgotten") return login.renewal
  if (login.kind === "api-key") return undefined
  const { kind, tokens } = login
  const expiresAt = Math.max(tokens.expiresAt, recordOf(login).outlived ?? 0)
  return { kind, expiresAt, ...present({ registration: registrationOf(login) }) }
}

function registrationOf(login: Login): string | undefined {
  switch (login.kind) {
    case "idc":
      return login.client.clientId
    case "social":
      return login.provider?.toLowerCase()
    case "external-idp":
      return `${login.clientId} ${login.tokenEndpoint}`
    case "api-key":
      return undefined
    default:
      return login satisfies never
  }
}

function startUrlOf(login: Login): string | undefined {
  return login.kind === "idc" && login.startUrl !== undefined ? hostOf(login.startUrl) : undefined
}

/** It names the company, or AWS: what follows is written with and without a slash or a hash. */
function hostOf(startUrl: string): string {
  return URL.canParse(startUrl) ? new URL(startUrl).host : startUrl
}

/** Issuer and subject of an external identity provider's token, where that is a JWT (RFC 7519): known without asking. */
export function offlineOwner(login: Login): string | undefined {
  if (login.kind !== "external-idp") return undefined
  const payload = login.tokens.accessToken.reveal().split(".")[1]
  const claims = payload === undefined ? undefined : parseJson(Buffer.from(payload, "base64url").toString())
  if (!isObject(claims)) return undefined
  const [issuer, subject] = [stringField(claims, "iss"), stringField(claims, "sub")]
  return issuer === undefined || subject === undefined ? undefined : `${OFFLINE}${issuer} ${subject}`
}

const OFFLINE = "jwt:"

/** The service's ids and those of identity providers name the same people in two ways. */
export function comparable(one: string, other: string): boolean {
  return one.startsWith(OFFLINE) === other.startsWith(OFFLINE)
}

/** What is left of a login that goes; `userId`: of the account that it was in, where it has no name of its own. */
export function forgetLogin(login: Login, userId: string | undefined): ForgottenLogin {
  const { id, source } = login
  const { owner = userId, successors, places, left } = recordOf(login)
  const known = present({ owner, successors, left })
  const record = { places, hashes: pairsOf(login), inherited: [], ...known }
  return { kind: "forgotten", id, source, ...present({ renewal: renewalOf(login) }), record }
}

/** The region of SSO OIDC that a login was made in; the other kinds have none. */
export function loginRegionOf(login: Login): string | undefined {
  return login.kind === "idc" ? login.loginRegion : undefined
}

/** AWS Builder ID exists once, in this region. */
export const BUILDER_ID_REGION = "us-east-1"

/** Whether a start URL is the one that AWS Builder ID has for everybody. */
export function isBuilderIdUrl(startUrl: string): boolean {
  return hostOf(startUrl) === "view.awsapps.com"
}

/**
 * Whether the login is one of IAM Identity Center, and not AWS Builder ID. Kiro IDE and older plugins keep no start
 * URL: there the region tells, if it is another than Builder ID's.
 */
export function isIdentityCenter(login: Login): boolean {
  if (login.kind !== "idc") return false
  const { startUrl, loginRegion } = login
  return startUrl === undefined ? loginRegion !== BUILDER_ID_REGION : !isBuilderIdUrl(startUrl)
}

export function samePair(one: TokenSet, other: TokenSet): boolean {
  if (!one.accessToken.equals(other.accessToken)) return false
  if (one.refreshToken === undefined) return other.refreshToken === undefined
  return other.refreshToken !== undefined && one.refreshToken.equals(other.refreshToken)
}

export function withoutRevocation<Kind extends Login>(login: Kind): Kind {
  if (login.revoked === undefined) return login
  const { revoked: _, ...rest } = login
  return rest as Kind
}

/** A pair in the place of another one. */
export interface PairSwap {
  readonly before: TokenSet
  readonly after: TokenSet
  /** The hashes of pairs between the two, which the row never held. */
  readonly through?: readonly string[]
}

/** The login with its new pair, which every place of it then lacks; the same where it does not hold the one before. */
export function renewedBy<Kind extends Login>(login: Kind, { before, after, through = [] }: PairSwap): Kind {
  if (login.kind === "api-key" || !samePair(login.tokens, before)) return login
  const { hashes, places, once, outlived = 0 } = recordOf(login)
  const end = Math.max(before.expiresAt, outlived)
  return withRecord(withoutRevocation({ ...login, tokens: after }), {
    hashes: [pairHash(before), ...through, pairHash(after)].reduce(withHash, hashes),
    places: places.map((place) => ({ ...place, owed: true })),
    doubted: undefined,
    once: undefined,
    outlived: end > after.expiresAt ? end : undefined,
    // It was renewed on the user's word, so it was none of its successors'.
    ...(once === true && { successors: undefined }),
  })
}

/** Whether nothing of it is sent any more until something else is known: its access token has ended. */
export function isAtRest(login: Login, now: number): boolean {
  if (login.kind === "api-key" || login.barred !== undefined) return false
  return login.isBehind === true && login.tokens.expiresAt <= now
}

/** What a request to Kiro is signed with. */
export interface Access {
  readonly accessToken: Secret
  /** The header `tokentype`; absent for AWS and social logins. */
  readonly tokenType?: TokenType
}

export interface Credential extends Access {
  readonly state: "token"
  readonly login: Login
  readonly profileArn?: string
}

export function credentialOf(account: Account, login: Login): Credential {
  const profileArn = account.profileArn ?? login.profileArn
  return { state: "token", login, ...accessOf(login), ...present({ profileArn }) }
}

export function accessOf(login: Login): Access {
  switch (login.kind) {
    case "api-key":
      return { accessToken: login.key, tokenType: "API_KEY" }
    case "external-idp":
      return { accessToken: login.tokens.accessToken, tokenType: "EXTERNAL_IDP" }
    case "idc":
    case "social":
      return { accessToken: login.tokens.accessToken }
    default:
      return login satisfies never
  }
}

/** What its service needs to renew the login; `undefined` where the store it came from holds no refresh token. */
export function grantOf(login: TokenLogin): RefreshGrant | undefined {
  const { refreshToken } = login.tokens
  if (refreshToken === undefined) return undefined
  switch (login.kind) {
    case "idc":
      return { kind: "idc", refreshToken, client: login.client, loginRegion: login.loginRegion }
    case "social":
      return { kind: "social", refreshToken }
    case "external-idp": {
      const { clientId, tokenEndpoint, scopes } = login
      return { kind: "external-idp", refreshToken, clientId, tokenEndpoint, ...present({ scopes }) }
    }
    default:
      return login satisfies never
  }
}
