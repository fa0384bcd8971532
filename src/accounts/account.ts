import type { ClientRegistration, TokenSet } from "../oauth/index.ts"
import type { Secret } from "../secret.ts"

export type { ClientRegistration, TokenSet }

/**
 * Where a login was made; it is refreshed and written back only there. Of copies of one login the first place is asked
 * first, because a newer pair appears there first.
 */
export const LOGIN_SOURCES = ["own", "kiro-cli", "kiro-ide", "older-plugin", "environment"] as const

export type LoginSource = (typeof LOGIN_SOURCES)[number]

/** A row or a file of another program in which a login was seen. */
export interface LoginPlace {
  readonly source: LoginSource
  /** The file, and the row after a `#`. */
  readonly key: string
  /** The hash of the pair that it showed last. */
  readonly shown?: string
  /** It still holds a pair that we renewed since: it gets ours as soon as it can be written. */
  readonly owed?: boolean
}

/**
 * What is known of a login beside what it is renewed with. A hash is the SHA-256 of a refresh token, or of the key or
 * the access token where there is none.
 */
export interface LoginRecord {
  /** Who the service says this login is, asked with its own token. It never changes. */
  readonly owner?: string
  /** The new login that a place of this one showed instead. `anew`: by a sign-in, as far as the two records tell. */
  readonly successor?: { readonly id: string; readonly anew?: boolean }
  readonly places: readonly LoginPlace[]
  /** Its pairs, one renewed from the other; the last is the one it holds. */
  readonly hashes: readonly string[]
  /** Pairs of logins whose part it took over: no news where they are seen, and never written over. */
  readonly inherited: readonly string[]
  /** When its owner was asked for in vain. */
  readonly asked?: { readonly at: number; readonly times: number; readonly unsupported?: boolean }
  /** When its service first refused it without saying why. */
  readonly doubted?: number
  /** Since when its store can't be read. */
  readonly unreadable?: number
  /** When its user took it in whatever was before it in its place. */
  readonly taken?: number
  /** Its user wants it renewed once although its successor may be the same login. */
  readonly once?: boolean
}

export interface LoginBase {
  readonly id: string
  /** Where it was first seen. */
  readonly source: LoginSource
  readonly profileArn?: string
  /** Set when its refresh token was refused for good. */
  readonly revoked?: { readonly at: number; readonly reason: string }
  readonly record?: LoginRecord
  /**
   * Why it is not used at all. `held`: what was there before it is off, removed or suspended. `strange`: its pair was
   * written by a version that knew nothing of owners. Like the next it follows from all accounts whenever they are
   * read, and is never kept.
   */
  readonly barred?: "held" | "strange"
  /** It is used to the end of its access token and not renewed: its refresh token may be superseded. */
  readonly isBehind?: true
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
  | (LoginBase & {
      readonly kind: "api-key"
      /** That of the environment is never kept: its hash names it. */
      readonly key: Secret
    })

export type LoginKind = Login["kind"]

/** A login that is renewed. */
export type TokenLogin = Exclude<Login, { readonly kind: "api-key" }>

/** What is known of a kind of failure after which an account cools. */
interface Cooling {
  /** The reset of its month or day, what the service says or a doubling delay, or a while until it is looked at again. */
  readonly until: "month" | "day" | "delay" | "another-look"
  /** Whether want of credits is the cause, so that a usage call may end it. */
  readonly isOfCredits: boolean
}

/** The kinds of failure after which an account cools until a time. */
export const COOLING = {
  "monthly-quota": { until: "month", isOfCredits: true },
  "daily-quota": { until: "day", isOfCredits: true },
  "overage-limit": { until: "month", isOfCredits: true },
  throttled: { until: "delay", isOfCredits: false },
  "not-authorized": { until: "another-look", isOfCredits: false },
} as const satisfies Readonly<Record<string, Cooling>>

/** The kinds of failure that lock an account until its user acts. */
export const LOCKING_REASONS = ["suspended"] as const

export type CoolingReason = keyof typeof COOLING

export const COOLING_REASONS = Object.keys(COOLING) as readonly CoolingReason[]

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
  /** What the service counts beside, by its own name: to be shown, never counted on. */
  readonly others?: readonly { readonly name: string; readonly used: number; readonly limit: number }[]
  readonly overage: {
    readonly enabled: boolean
    readonly used: number
    readonly cap?: number
    readonly charges?: number
  }
}

/** What is kept of a login that is no more: enough to know it again, nothing to use it with. */
export interface ForgottenLogin {
  readonly kind: "forgotten"
  readonly source: LoginSource
  /** Absent where a version without records wrote it. */
  readonly id?: string
  readonly record: LoginRecord
}

export interface AccountRecord {
  /** When its user last signed in to it, or switched it on or off. */
  readonly actedAt?: number
  /** The ids of accounts that turned out to be the same person's. */
  readonly joined?: readonly string[]
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
  /** A tombstone: sync does not bring a removed account back. Logins that it still has wait to be written back. */
  readonly removedAt?: number
  readonly addedAt: number
  readonly lastUsedAt?: number
  /** Counts the new conversations over all accounts: the lowest was given one the longest ago, 0 never. */
  readonly assignment: number
  readonly health: Health
  readonly logins: readonly Login[]
  /** Has an API key that only other processes have: alone it says who is off, and is no account here. */
  readonly keyElsewhere?: true
  readonly quota?: Quota
  readonly forgotten?: readonly ForgottenLogin[]
  /** The hosts that last worked, by plane. */
  readonly hosts: { readonly [plane: string]: string }
  readonly record?: AccountRecord
}
