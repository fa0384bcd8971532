import { createHash } from "node:crypto"
import type { Secret } from "../secret.ts"
import type { Account, ForgottenLogin, Login, TokenSet } from "./account.ts"

/** An account that nothing is known of but how to log in to it. */
export function newAccount(account: {
  readonly id: string
  readonly now: number
  readonly logins: readonly Login[]
}): Account {
  const { id, now, logins } = account
  return { id, addedAt: now, enabled: true, assignment: 0, health: { state: "ok" }, logins, hosts: {} }
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

export function samePlace(
  left: Pick<Login, "source" | "sourceKey">,
  right: Pick<Login, "source" | "sourceKey">,
): boolean {
  return left.source !== "own" && left.source === right.source && left.sourceKey === right.sourceKey
}

/** Whether this is a login that was removed with its account. */
export function isForgotten(login: Login, forgotten: readonly ForgottenLogin[]): boolean {
  const { fingerprint, clientId } = forgetLogin(login)
  return forgotten.some((known) => {
    if (known.fingerprint !== undefined && known.fingerprint === fingerprint) return true
    return samePlace(known, login) && clientId !== undefined && clientId === known.clientId
  })
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
