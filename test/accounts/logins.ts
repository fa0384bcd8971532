import { type Account, type Login, newAccount, type TokenSet } from "../../src/accounts/index.ts"
import { Secret } from "../../src/secret.ts"

export function tokens(name: string, expiresAt = 4_000_000_000_000): TokenSet {
  return { accessToken: new Secret(`access-${name}`), refreshToken: new Secret(`refresh-${name}`), expiresAt }
}

type Idc = Extract<Login, { kind: "idc" }>

export function idcLogin(login: Partial<Idc> & { readonly id: string }): Idc {
  return {
    kind: "idc",
    source: "own",
    tokens: tokens(login.id),
    client: { clientId: `client-${login.id}`, clientSecret: new Secret(`secret-${login.id}`) },
    loginRegion: "us-east-1",
    ...login,
  }
}

export function keyLogin(id: string): Extract<Login, { kind: "api-key" }> {
  return { id, source: "environment", kind: "api-key", key: new Secret(`ksk_${id}`) }
}

/** An account of which only its name counts. */
export function namedAccount(id: string, label?: string): Account {
  return { ...newAccount({ id, now: 0, logins: [] }), ...(label !== undefined && { label }) }
}
