import type { ClientRegistration, TokenSet } from "../oauth/index.ts"
import type { Secret } from "../secret.ts"

export type { ClientRegistration, TokenSet }

/**
 * Where a login was made; it is refreshed and written back only there. Of copies of one login the first place is asked
 * first, because a newer pair appears there first.
 */
export const LOGIN_SOURCES = ["own", "kiro-cli", "kiro-ide", "older-plugin", "environment"] as const

export type LoginSource = (typeof LOGIN_SOURCES)[number]

export interface LoginBase {
  readonly id: string
  readonly source: LoginSource
  /** The row or file of the source that holds it, for the re-read and the write-back. */
  readonly sourceKey?: string
  readonly profileArn?: string
  /** The pair that its source still holds, where ours is newer and not written back yet. */
  readonly sourceBehind?: TokenSet
  /** Set when its refresh token was refused for good. */
  readonly revoked?: { readonly at: number; readonly reason: string }
}

export type Login =
  | (LoginBase & {
      readonly kind: "idc"
      readonly tokens: TokenSet
      readonly client: ClientRegistration
      /** Absent for AWS Builder ID. */
      readonly startUrl?: string
      /** The region of SSO OIDC: never that of the service. */
      readonly loginRegion: string
    })
  | (LoginBase & { readonly kind: "social"; readonly tokens: TokenSet; readonly provider?: string })
  | (LoginBase & {
      readonly kind: "external-idp"
      readonly tokens: TokenSet
      readonly clientId: string
      /** https only. */
      readonly tokenEndpoint: string
      readonly scopes?: string
    })
  | (LoginBase & { readonly kind: "api-key"; readonly key: Secret })

export type LoginKind = Login["kind"]

/** A login that is renewed. */
export type TokenLogin = Exclude<Login, { readonly kind: "api-key" }>

/** The kinds of failure after which an account rests until a time. */
export const COOLING_REASONS = [
  "monthly-quota",
  "daily-quota",
  "overage-limit",
  "throttled",
  "not-authorized",
] as const

/** The kinds of failure that lock an account until its user acts. */
export const LOCKING_REASONS = ["suspended"] as const

export type CoolingReason = (typeof COOLING_REASONS)[number]
export type LockingReason = (typeof LOCKING_REASONS)[number]

/** Why an account needs a person; a login or a newer token helps where it is not locked. */
export const REVOKED_REASONS: readonly RevokedReason[] = [
  ...LOCKING_REASONS,
  "login-expired",
  "api-key-refused",
]

export type RevokedReason = LockingReason | "login-expired" | "api-key-refused"

export type Health =
  | { readonly state: "ok" }
  | {
      readonly state: "cooling"
      readonly since: number
      readonly until: number
      /** How many cool-downs of this reason came one after the other. */
      readonly times: number
      readonly reason: CoolingReason
      readonly message?: string
      /** The profiles that the user has to choose from, where that is why none is authorized. */
      readonly profiles?: readonly string[]
    }
  | {
      readonly state: "revoked"
      readonly since: number
      readonly reason: RevokedReason
      readonly message?: string
    }

/** Credits with their fractions; instants in epoch ms. */
export interface Quota {
  readonly checkedAt: number
  readonly plan?: string
  readonly used: number
  readonly limit: number
  readonly resetAt?: number
  readonly trial?: { readonly used: number; readonly limit: number; readonly expiresAt?: number }
  readonly bonuses: readonly {
    readonly name: string
    readonly used: number
    readonly limit: number
    readonly expiresAt?: number
  }[]
  readonly overage: {
    readonly enabled: boolean
    readonly used: number
    readonly cap?: number
    readonly charges?: number
  }
}

/** What is kept of a login of a removed account: enough to know it again, nothing to use it with. */
export interface ForgottenLogin {
  readonly source: LoginSource
  readonly sourceKey?: string
  readonly clientId?: string
  /** SHA-256 of its refresh token or key. */
  readonly fingerprint?: string
}

export interface Account {
  readonly id: string
  /** The service's user id: the identity. Unknown until the usage call named it. */
  readonly userId?: string
  readonly label?: string
  readonly email?: string
  /** Chosen by the user; wins over the profile a login brought. */
  readonly profileArn?: string
  readonly enabled: boolean
  /** A tombstone: sync does not bring a removed account back. */
  readonly removedAt?: number
  readonly addedAt: number
  readonly lastUsedAt?: number
  /** Counts the new conversations over all accounts: the lowest was given one the longest ago, 0 never. */
  readonly assignment: number
  readonly health: Health
  readonly logins: readonly Login[]
  readonly quota?: Quota
  readonly forgotten?: readonly ForgottenLogin[]
  /** The hosts that last worked, by plane. */
  readonly hosts: { readonly [plane: string]: string }
}
