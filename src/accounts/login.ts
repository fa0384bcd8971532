import { createHash } from "node:crypto"
import type { Secret } from "../secret.ts"
import type { Account, ForgottenLogin, Login, TokenLogin, TokenSet } from "./account.ts"

/** An account that nothing is known of but how to log in to it. */
export function newAccount(account: {
  readonly id: string
  readonly now: number
  readonly logins: readonly Login[]
}): Account {
  const { id, now, logins } = account
  return { id, addedAt: now, enabled: true, assignment: 0, health: { state: "ok" }, logins, hosts: {} }
}

/** The region of SSO OIDC that a login was made in; the other kinds have none. */
export function loginRegionOf(login: Login): string | undefined {
  return login.kind === "idc" ? login.loginRegion : undefined
}

/** AWS Builder ID exists once, in this region. */
const BUILDER_ID_REGION = "us-east-1"

/**
 * Whether the login is one of IAM Identity Center, and not AWS Builder ID. Kiro IDE and older plugins keep no start
 * URL: there the region tells, if it is another than Builder ID's.
 */
export function isIdentityCenter(login: {
  readonly kind: Login["kind"]
  readonly startUrl?: string
  readonly loginRegion?: string
}): boolean {
  const { kind, startUrl, loginRegion = BUILDER_ID_REGION } = login
  return kind === "idc" && (startUrl !== undefined || loginRegion !== BUILDER_ID_REGION)
}

/** A tombstone: what is needed to know the account again, and no secret. */
export function buryAccount(account: Account, now: number): Account {
  const { id, userId, addedAt, logins } = account
  const buried = { ...newAccount({ id, now: addedAt, logins: [] }), enabled: false, removedAt: now }
  const forgotten = [...(account.forgotten ?? []), ...logins.map(forgetLogin)]
  return { ...buried, forgotten, ...(userId === undefined ? {} : { userId }) }
}

/** Whether both hold the very same token or key: then they are the same person's. */
export function sameCredential(left: Login, right: Login): boolean {
  if (left.kind === "api-key" || right.kind === "api-key")
    return left.kind === "api-key" && right.kind === "api-key" && left.key.equals(right.key)
  return sameTokens(left.tokens, right.tokens)
}

/** Whether the access or the refresh token is the same. */
export function sameTokens(left: TokenSet, right: TokenSet): boolean {
  if (left.accessToken.equals(right.accessToken)) return true
  return left.refreshToken !== undefined && right.refreshToken?.equals(left.refreshToken) === true
}

export function withoutRevocation(login: Login): Login {
  const { revoked, ...rest } = login
  return revoked === undefined ? login : rest
}

export function samePlace(
  left: Pick<Login, "source" | "sourceKey">,
  right: Pick<Login, "source" | "sourceKey">,
): boolean {
  return left.source !== "own" && left.source === right.source && left.sourceKey === right.sourceKey
}

/** The login without its source, in whose place somebody else is logged in now: it lives on by itself. */
export function detachLogin(login: TokenLogin): TokenLogin
export function detachLogin(login: Login): Login
export function detachLogin(login: Login): Login {
  const { sourceKey: _, sourceBehind: __, ...rest } = login
  return { ...rest, source: "own" }
}

/**
 * Whether this is a login that was removed with its account. `perhaps` where its place and client are the same and its
 * tokens are not: its program renewed them, or another person logged in there.
 */
export function judgeForgotten(login: Login, forgotten: readonly ForgottenLogin[]): "yes" | "no" | "perhaps" {
  const { fingerprint, clientId } = forgetLogin(login)
  if (forgotten.some((known) => known.fingerprint !== undefined && known.fingerprint === fingerprint))
    return "yes"
  // The variable holds one key after the other: only the key itself tells.
  if (login.kind === "api-key") return "no"
  const inPlace = forgotten.filter((known) => samePlace(known, login))
  // A row of an older plugin is one person's for good.
  if (login.source === "older-plugin") return inPlace.length > 0 ? "yes" : "no"
  return inPlace.some((known) => known.clientId === clientId) ? "perhaps" : "no"
}

function forgetLogin(login: Login): ForgottenLogin {
  const secret = login.kind === "api-key" ? login.key : login.tokens.refreshToken
  const clientId = login.kind === "idc" ? login.client.clientId : undefined
  return {
    source: login.source,
    ...(login.sourceKey === undefined ? {} : { sourceKey: login.sourceKey }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(secret === undefined ? {} : { fingerprint: fingerprintOf(secret) }),
  }
}

function fingerprintOf(secret: Secret): string {
  return createHash("sha256").update(secret.reveal()).digest("hex")
}
