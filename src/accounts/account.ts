import * as z from "zod/mini"
import { present } from "../json.ts"
import { epochMs, lenient, listOf, QUOTA, record } from "../kiro/index.ts"
import type { ClientRegistration, TokenSet } from "../oauth/index.ts"
import type { Secret } from "../secret.ts"

export type { ClientRegistration, TokenSet }

/**
 * What is kept as JSON has its type and its reader from one schema: what is no member as it should be counts as not
 * there. `undefined` for what is no such document.
 */
function reader<Value>(schema: z.ZodMiniType<Value>): (value: unknown) => Value | undefined {
  return (value) => z.safeParse(schema, value).data
}

const TEXTS = z.readonly(z.array(z.string()))

/**
 * Where a login was made; it is refreshed and written back only there. Of copies of one login the first place is asked
 * first, because a newer pair appears there first.
 */
export const LOGIN_SOURCES = ["own", "kiro-cli", "kiro-ide", "older-plugin", "environment"] as const

export type LoginSource = (typeof LOGIN_SOURCES)[number]

const PLACE_KEY = record({
  source: z.enum(LOGIN_SOURCES),
  /** The file, and the row after a `#`. */
  key: z.string(),
})

/** Which place it is. */
export type PlaceKey = z.output<typeof PLACE_KEY>

const PLACE = record({
  source: z.enum(LOGIN_SOURCES),
  key: z.string(),
  /** The hash of the pair that it showed last. */
  shown: lenient(z.string()),
  /** It still holds a pair that we renewed since: it gets ours as soon as it can be written. */
  owed: lenient(z.boolean()),
})

/** A row or a file of another program in which a login was seen. */
export type LoginPlace = z.output<typeof PLACE>

/**
 * `place`: where it took the other's place; absent where it took the part of what that was renewed to unseen. `anew`: by a
 * sign-in, as far as the two records tell.
 */
const SUCCESSOR = record({
  id: z.string(),
  anew: lenient(z.boolean()),
  place: lenient(PLACE_KEY),
})

export type Successor = z.output<typeof SUCCESSOR>

const LOGIN_RECORD = record({
  /** Who the service says this login is, asked with its own token. It never changes. */
  owner: lenient(z.string()),
  /** The new logins that its places showed instead of it, the last one first. */
  successors: lenient(listOf(SUCCESSOR)),
  /** When one of them did so last. */
  displaced: lenient(z.number()),
  places: z.catch(listOf(PLACE), []),
  /** Places that its program emptied, as by a sign-out: who comes there next takes its place. */
  left: lenient(listOf(PLACE_KEY)),
  /** Its pairs, one renewed from the other; the last is the one it holds. No version writes a record without one. */
  hashes: TEXTS.check(z.minLength(1)),
  /** Pairs of logins whose part it took over: no news where they are seen, and never written over. */
  inherited: z.catch(TEXTS, []),
  /** When its owner was asked for in vain. */
  asked: lenient(record({ at: z.number(), times: z.number(), unsupported: lenient(z.boolean()) })),
  /** When its service first refused it without saying why. */
  doubted: lenient(z.number()),
  /** The profile that its place may go on to name, though the service refused it and another was found. */
  refusedProfile: lenient(z.string()),
  /** Since when its store can't be read. */
  unreadable: lenient(z.number()),
  /** When a pair of before was to end, where the clock was set back until it was renewed. */
  outlived: lenient(z.number()),
  /** When its user took it in whatever was before it in its place. */
  taken: lenient(z.number()),
  /** Its user wants it renewed once although its successor may be the same login. */
  once: lenient(z.boolean()),
})

/**
 * What is known of a login beside what it is renewed with. A hash is the SHA-256 of a refresh token, or of the key or
 * the access token where there is none.
 */
export type LoginRecord = z.output<typeof LOGIN_RECORD>

export const readLoginRecord = reader(LOGIN_RECORD)

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
      /** Of Identity Center; that of AWS Builder ID only where its record says so. */
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

/** A login that is renewed. */
export type TokenLogin = Exclude<Login, { readonly kind: "api-key" }>

/**
 * The kinds of failure after which an account cools, and until when: the reset of the month or the day, where want of
 * credits is the cause and a usage call may end it; what the service says, or a doubling delay; or another look.
 */
export const COOLING = {
  "monthly-quota": "month",
  "daily-quota": "day",
  "overage-limit": "month",
  throttled: "delay",
  "not-authorized": "another-look",
} as const

export type CoolingReason = keyof typeof COOLING

export const COOLING_REASONS = Object.keys(COOLING) as readonly CoolingReason[]

/** The kinds of failure that lock an account until its user acts. */
const LOCKING_REASONS = ["suspended"] as const

export type LockingReason = (typeof LOCKING_REASONS)[number]

export function isLockingReason(reason: string): reason is LockingReason {
  return LOCKING_REASONS.some((each) => each === reason)
}

/** Why an account needs a person; a login or a newer token helps where it is not locked. */
const REVOKED_REASONS = [...LOCKING_REASONS, "login-expired", "api-key-refused"] as const

export type RevokedReason = (typeof REVOKED_REASONS)[number]

const SAID = { since: z.catch(epochMs(), 0), message: lenient(z.string()) }

/** A reason that a newer version added is read as the mildest one of its state; anything else unknown is `ok`. */
const HEALTH = z.catch(
  z.union([
    record({
      state: z.literal("cooling"),
      ...SAID,
      until: z.number(),
      /** How many cool-downs of this reason came one after the other. */
      times: z.catch(z.number(), 1),
      reason: z.catch(z.enum(COOLING_REASONS), "throttled"),
      /** The profiles that the user has to choose from, where that is why none is authorized. */
      profiles: lenient(TEXTS),
    }),
    record({
      state: z.literal("revoked"),
      ...SAID,
      reason: z.catch(z.enum(REVOKED_REASONS), "login-expired"),
    }),
    record({ state: z.literal("ok") }),
  ]),
  { state: "ok" },
)

export type Health = z.output<typeof HEALTH>

export const readHealth = reader(HEALTH)

const CHECKED_QUOTA = record({ checkedAt: epochMs(), ...QUOTA })

export type Quota = z.output<typeof CHECKED_QUOTA>

export const readQuota = reader(CHECKED_QUOTA)

export const readHosts = reader(z.record(z.string(), z.string()))

/** What is kept of a login that is no more: enough to know it again, nothing to use it with. */
export interface ForgottenLogin {
  readonly kind: "forgotten"
  readonly source: LoginSource
  /** Absent where a version without records wrote it. */
  readonly id?: string
  /** What its pairs are known by in other programs' stores beside their hashes. */
  readonly renewal?: z.output<typeof RENEWAL>
  readonly record: LoginRecord
}

const RENEWAL = record({ kind: z.string(), registration: lenient(z.string()), expiresAt: z.number() })

/** A version without records has left the place and the hash of the last pair alone. */
export const readForgotten = reader(
  listOf(
    z.pipe(
      record({
        source: z.enum(LOGIN_SOURCES),
        sourceKey: lenient(z.string()),
        fingerprint: lenient(z.string()),
        id: lenient(z.string()),
        renewal: lenient(RENEWAL),
        owner: lenient(z.string()),
        successors: lenient(listOf(SUCCESSOR)),
        places: lenient(z.array(PLACE)),
        left: lenient(listOf(PLACE_KEY)),
        hashes: z.catch(TEXTS, []),
      }),
      z.transform(({ source, sourceKey: key, fingerprint: shown, id, renewal, ...rest }): ForgottenLogin => {
        const { places = key === undefined ? [] : [{ source, key, ...present({ shown }) }] } = rest
        const hashes = [...new Set([...rest.hashes, ...(shown === undefined ? [] : [shown])])]
        const known = { ...rest, places, hashes, inherited: [] }
        return { kind: "forgotten", source, ...present({ id, renewal }), record: known }
      }),
    ),
  ),
)

const ACCOUNT_RECORD = record({
  /** When its user last signed in to it, or switched it on or off. */
  actedAt: lenient(epochMs()),
  /** The ids of accounts that turned out to be the same person's. */
  joined: lenient(TEXTS),
})

type AccountRecord = z.output<typeof ACCOUNT_RECORD>

export const readAccountRecord = reader(ACCOUNT_RECORD)

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
