import { type Identify, type OwnerAnswer, pairHash } from "../../src/accounts/index.ts"
import type { Fetch } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"

/** How a token service treats the refresh token that it was given. */
export type Rotation = "single-use" | "repeated" | "tolerant"
export type UsageCall = "up" | "down" | "refused" | "unsupported"

const HOUR = 3_600_000
/** What anybody has used of their plan. */
const QUOTA = { used: 1, limit: 1000, bonuses: [], overage: { enabled: false, used: 0 } }

const KEY = /^ksk_(.+)$/

/** One sign-in: the pairs that were renewed one from the other. */
export interface Family {
  readonly person: string
  readonly refreshTokens: string[]
  alive: boolean
  /** A pair was renewed once more, and both of what it was renewed to work. */
  forked: boolean
}

interface Issued {
  readonly family: Family
  expiresAt: number
}

/** The token service and the usage call, of people who have each as many sign-ins as they like. */
export class Service {
  readonly #now: () => number
  readonly #byRefreshToken = new Map<string, Family>()
  readonly #byHash = new Map<string, Family>()
  readonly #access = new Map<string, Issued>()
  #count = 0
  rotation: Rotation = "single-use"
  usage: UsageCall = "up"
  /** Every refresh token that was sent, and whether another one had taken its place. */
  readonly sent: { readonly refreshToken: string; readonly superseded: boolean }[] = []
  usageCalls = 0
  /** How often something may have begun to work, or ceased to. */
  changes = 0
  readonly suspended = new Set<string>()
  readonly exhausted = new Set<string>()

  constructor(now: () => number) {
    this.#now = now
  }

  signIn(person: string): Pair {
    const family: Family = { person, refreshTokens: [], alive: true, forked: false }
    return this.#issue(family)
  }

  renew(refreshToken: string): Pair | undefined {
    this.changes += 1
    const family = this.familyOf(refreshToken)
    if (family === undefined || !family.alive) return undefined
    if (family.refreshTokens.at(-1) === refreshToken)
      return this.rotation === "repeated" ? this.#issue(family, refreshToken) : this.#issue(family)
    if (this.rotation === "tolerant") {
      family.forked = true
      return this.#issue(family)
    }
    // Whoever uses a token twice may have stolen it: the service ends the whole sign-in.
    family.alive = false
    return undefined
  }

  /** Nothing of the sign-in that this pair is of works any more. */
  end({ refreshToken }: Pair): void {
    const family = this.familyOf(refreshToken)
    if (family !== undefined) this.#end(family)
  }

  /** The same of one of their sign-ins that work. */
  endOne(person: string, which: "first" | "last"): void {
    const theirs = [...new Set(this.#byRefreshToken.values())].filter(
      (family) => family.alive && family.person === person,
    )
    const family = theirs.at(which === "first" ? 0 : -1)
    if (family !== undefined) this.#end(family)
  }

  #end(family: Family): void {
    this.changes += 1
    family.alive = false
    // Also behind a clock that is set back.
    for (const issued of this.#access.values()) if (issued.family === family) issued.expiresAt = 0
  }

  /** The refresh token that works for the sign-in that this one is of. */
  currentOf(refreshToken: string): string | undefined {
    const family = this.familyOf(refreshToken)
    return family?.alive === true ? family.refreshTokens.at(-1) : undefined
  }

  familyOf(refreshToken: string): Family | undefined {
    return this.#byRefreshToken.get(refreshToken)
  }

  isCurrent(refreshToken: string): boolean {
    const family = this.familyOf(refreshToken)
    return family?.alive === true && family.refreshTokens.at(-1) === refreshToken
  }

  /** C is of another company than the others. */
  startUrlOf(refreshToken: string): string {
    return `https://d-${this.familyOf(refreshToken)?.person === "C" ? 2 : 1}.awsapps.com/start`
  }

  /** Whose access token or API key this is. */
  personOf(token: string): string | undefined {
    return this.#access.get(token)?.family.person ?? KEY.exec(token)?.[1]
  }

  /** A key of theirs, which nobody renews. */
  keyOf(person: string): string {
    return `ksk_${person}`
  }

  /** The sign-in whose refresh token has this hash. */
  familyOfHash(hash: string): Family | undefined {
    return this.#byHash.get(hash)
  }

  /** Every access token ends before its time. */
  rejectAccessTokens(): void {
    for (const issued of this.#access.values()) issued.expiresAt = Math.min(issued.expiresAt, this.#now())
  }

  /** What a chat with this token comes to. */
  chat(accessToken: string): "answer" | "refused" | "exhausted" | "suspended" {
    const person = this.personOfValid(accessToken)
    if (person === undefined) return "refused"
    if (this.suspended.has(person)) return "suspended"
    return this.exhausted.has(person) ? "exhausted" : "answer"
  }

  readonly identify: Identify = async (login) => {
    this.usageCalls += 1
    const token = login.kind === "api-key" ? login.key : login.tokens.accessToken
    const person = this.personOfValid(token.reveal())
    if (this.usage === "unsupported") return { outcome: "unsupported" }
    if (this.usage !== "up" || person === undefined) return { outcome: "failed" }
    return { outcome: "known", limits: { userId: `user-${person}`, quota: QUOTA } } satisfies OwnerAnswer
  }

  /** The same, of a token that works. */
  personOfValid(token: string): string | undefined {
    const expiresAt = this.#access.get(token)?.expiresAt
    return expiresAt !== undefined && expiresAt <= this.#now() ? undefined : this.personOf(token)
  }

  readonly fetch: Fetch = async (_url, init) => {
    const body = String(init.body)
    // An identity provider takes a form (RFC 6749).
    const isForm = !body.startsWith("{")
    const refreshToken = isForm
      ? (new URLSearchParams(body).get("refresh_token") ?? "")
      : (JSON.parse(body) as { refreshToken: string }).refreshToken
    const family = this.familyOf(refreshToken)
    const superseded = family !== undefined && family.refreshTokens.at(-1) !== refreshToken
    this.sent.push({ refreshToken, superseded })
    await this.onSent?.(refreshToken, superseded)
    const pair = this.renew(refreshToken)
    if (pair === undefined) return Response.json({ error: "invalid_grant" }, { status: 400 })
    const { accessToken, refreshToken: next } = pair
    return isForm
      ? Response.json({
          access_token: accessToken,
          refresh_token: next,
          expires_in: 3600,
          token_type: "Bearer",
        })
      : Response.json({ accessToken, refreshToken: next, expiresIn: 3600 })
  }

  onSent: ((refreshToken: string, superseded: boolean) => Promise<void>) | undefined

  #issue(family: Family, again?: string): Pair {
    this.#count += 1
    const refreshToken = again ?? `refresh-${family.person}-${this.#count}`
    const accessToken = `access-${family.person}-${this.#count}`
    if (again === undefined) {
      family.refreshTokens.push(refreshToken)
      this.#byRefreshToken.set(refreshToken, family)
      const named = { refreshToken: new Secret(refreshToken), accessToken: new Secret(accessToken) }
      this.#byHash.set(pairHash(named), family)
    }
    const expiresAt = this.#now() + HOUR
    this.#access.set(accessToken, { family, expiresAt })
    return { accessToken, refreshToken, expiresAt }
  }
}

export interface Pair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: number
}
