import type { FakeAccount } from "./account.ts"

/** How a refresh token behaves when it is used. */
export type Rotation =
  /** A new one each time; the old one is dead from then on. */
  | "single-use"
  /** A new one each time; the old one stays good. */
  | "reusable"
  /** The same one again in every answer. */
  | "same"
  /** The answer names none: the old one is kept. */
  | "absent"

export interface IssuedToken {
  readonly account: FakeAccount
  /** Epoch milliseconds. */
  expiresAt: number
}

export interface IssuedRefreshToken {
  readonly account: FakeAccount
  /** The client that obtained it: no other may use it. */
  readonly clientId: string
}

/** Every token that was ever given out, and what it is still good for. */
export class TokenBook {
  readonly access: Map<string, IssuedToken> = new Map()
  /** Those that are good. */
  readonly refresh: Map<string, IssuedRefreshToken> = new Map()
  /** Whose any of them is or was. */
  readonly #owners = new Map<string, FakeAccount>()
  readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  issueAccess(account: FakeAccount, lifetimeSeconds: number): string {
    const token = account.kind === "external-idp" ? `eyJ0eXAiOiJKV1Qi${random(3)}` : `aoaAAAAAG${random(3)}`
    this.access.set(token, { account, expiresAt: this.now() + lifetimeSeconds * 1000 })
    return token
  }

  issueRefresh(account: FakeAccount, clientId: string): string {
    const token = `aorAAAAAG${random(4)}`
    this.refresh.set(token, { account, clientId })
    this.#owners.set(token, account)
    return token
  }

  /** A request that names this refresh token, which counts for whoever it was given to; what it is good for. */
  asked(token: string): IssuedRefreshToken | undefined {
    const owner = this.#owners.get(token)
    if (owner !== undefined) owner.refreshCount += 1
    return this.refresh.get(token)
  }

  /** The token that the answer to a refresh names, if any. */
  rotate(account: FakeAccount, used: string): string | undefined {
    const clientId = this.refresh.get(used)?.clientId ?? account.client.clientId
    switch (account.rotation) {
      case "single-use":
        this.refresh.delete(used)
        return this.issueRefresh(account, clientId)
      case "reusable":
        return this.issueRefresh(account, clientId)
      case "same":
        return used
      case "absent":
        return undefined
      default:
        return account.rotation satisfies never
    }
  }
}

function random(uuids: number): string {
  return Array.from({ length: uuids }, () => crypto.randomUUID().replaceAll("-", "")).join("")
}
