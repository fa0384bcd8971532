import type { FakeAccount } from "./account.ts"

/** What a poll for tokens is answered with, RFC 8628 §3.5; `approved` gives the tokens. */
export type Poll = "authorization_pending" | "slow_down" | "access_denied" | "expired_token" | "approved"

/** How the next device authorization goes: one answer per poll, the last one for good. */
export interface SignIn {
  readonly account: FakeAccount
  readonly polls?: readonly Poll[]
  /** The status of the answers that are no tokens: RFC 8628 says 400, one client has seen 200. */
  readonly pollStatus?: 200 | 400
  /** Seconds. */
  readonly interval?: number
  /** Seconds. */
  readonly expiresIn?: number
}

export interface DeviceGrant {
  readonly account: FakeAccount
  readonly clientId: string
  readonly pollStatus: number
  readonly expiresAt: number
  readonly polls: Poll[]
}

/** Device codes that were given out, and how their owners will decide. */
export class DeviceGrants {
  readonly #planned: SignIn[] = []
  readonly #grants = new Map<string, DeviceGrant>()

  plan(signIn: SignIn): void {
    this.#planned.push(signIn)
  }

  /** The plan of the next sign-in; without one the first account that fits approves at once. */
  take(fits: (account: FakeAccount) => boolean, accounts: readonly FakeAccount[]): SignIn | undefined {
    const index = this.#planned.findIndex(({ account }) => fits(account))
    if (index >= 0) return this.#planned.splice(index, 1)[0]
    const account = accounts.find(fits)
    return account && { account }
  }

  open(signIn: SignIn, options: { readonly clientId: string; readonly now: number }): string {
    const deviceCode = `device-${crypto.randomUUID()}`
    this.#grants.set(deviceCode, {
      account: signIn.account,
      clientId: options.clientId,
      pollStatus: signIn.pollStatus ?? 400,
      expiresAt: options.now + (signIn.expiresIn ?? 600) * 1000,
      polls: [...(signIn.polls ?? ["approved"])],
    })
    return deviceCode
  }

  /** The grant of this client with this code, and the answer to its poll. An approved code is used up. */
  poll(
    deviceCode: string,
    options: { readonly clientId: string; readonly now: number },
  ): { readonly grant: DeviceGrant; readonly poll: Poll } | undefined {
    const grant = this.#grants.get(deviceCode)
    if (grant === undefined || grant.clientId !== options.clientId) return undefined
    if (options.now >= grant.expiresAt) return { grant, poll: "expired_token" }
    const poll = (grant.polls.length > 1 ? grant.polls.shift() : grant.polls[0]) ?? "approved"
    if (poll === "approved") this.#grants.delete(deviceCode)
    return { grant, poll }
  }
}

export const newUserCode = (): string => {
  const letters = crypto.randomUUID().replaceAll("-", "").toUpperCase()
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}`
}
