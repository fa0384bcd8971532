import type { FailureKind, KiroFailure } from "../../kiro/index.ts"
import type { Attempt, Omission } from "../attempt/attempt.ts"
import { jittered } from "../jitter.ts"
import { nextStep, type ShortenStep } from "./shortening.ts"

/** What to do about a failure that came before the commit point. */
export type Verdict =
  /** Renew the refused token and repeat. */
  | { readonly do: "refresh" }
  /** Look the account's profile up again and repeat. */
  | { readonly do: "rediscover" }
  | { readonly do: "switch-host" }
  /** The account has another login: this one is done with. */
  | { readonly do: "switch-login" }
  /** Leave the account, which its failure parks; where none is left, say so. */
  | { readonly do: "switch-account" }
  | { readonly do: "wait"; readonly why: "throttle" | "fault"; readonly ms: number }
  | { readonly do: "shorten"; readonly step: ShortenStep }
  | { readonly do: "omit"; readonly what: readonly Omission[] }
  | { readonly do: "new-conversation" }
  /** `retryAfterMs`: a wait too long for one fetch; the host waits instead and shows it. */
  | { readonly do: "fail"; readonly retryAfterMs?: number }

/** What the refused request carried that it could do without. */
export interface Carried {
  readonly signatures: readonly Omission[]
  readonly documents: readonly Omission[]
  readonly images: readonly Omission[]
  readonly fields: readonly Omission[]
}

/** What the failed attempt was and what else could be done, as plain values. */
export interface Situation {
  readonly failure: KiroFailure
  readonly attempt: Attempt
  readonly accountId: string
  /** The login whose token was sent; absent for an API key, which has nothing to renew. */
  readonly renewableLogin?: string | undefined
  readonly anotherLogin: boolean
  readonly anotherAccount: boolean
  readonly anotherHost: boolean
  readonly carried: Carried
  readonly limits: {
    readonly rateLimitRetryDelayMs: number
    readonly rateLimitMaxRetries: number
    readonly maxRequestIterations: number
  }
  /** Uniform in [0, 1). */
  readonly jitter: number
}

/** All waits of one fetch together; a longer one is the host's. */
const LONGEST_WAIT_MS = 12_000
const REPEAT_WAITS_MS = [500, 1000, 2000]
/** A silence was long enough: one repeat. */
const REPEATS_AFTER_SILENCE = 1

/** A way out of a failure, where it is open: `undefined` where it is not, or was tried before. */
type Move = (situation: Situation) => Verdict | undefined

/** The whole policy: the moves for each kind of failure, in order. Where none is open the request fails. */
const TABLE: Readonly<Record<FailureKind, readonly Move[]>> = {
  "bearer-rejected": [refresh, switchHost, switchLogin, leaveAccount],
  "token-unavailable": [switchAccount, repeat],
  "disk-full": [switchAccount],
  suspended: [leaveAccount],
  "not-authorized": [rediscover, leaveAccount],
  "feature-not-supported": [rediscover, leaveAccount],
  "monthly-quota": [leaveAccount],
  "daily-quota": [leaveAccount],
  "overage-limit": [leaveAccount],
  "conversation-limit": [newConversation],
  throttled: [switchAccount, wait],
  capacity: [wait],
  "input-too-long": [shorten],
  "invalid-model": [switchAccount],
  "signature-invalid": [omit("signatures")],
  "document-refused": [omit("documents")],
  "image-refused": [omit("images")],
  "field-refused": [omit("fields")],
  "tool-refused": [],
  "subscription-refused": [rediscover],
  "refused-on-the-way": [],
  "malformed-request": [],
  "invalid-state": [],
  "unknown-operation": [switchHost],
  "service-error": [repeat],
  unreachable: [switchHost, repeat],
  network: [repeat],
  timeout: [repeat],
  "empty-answer": [repeat],
  truncated: [repeat],
  "corrupt-stream": [repeat],
}

export function decide(situation: Situation): Verdict {
  const { attempt, failure, limits } = situation
  if (attempt.sends >= limits.maxRequestIterations) return fail(failure.retryAfterMs)
  for (const move of TABLE[failure.kind]) {
    const verdict = move(situation)
    if (verdict !== undefined) return verdict
  }
  return fail(failure.retryAfterMs)
}

function refresh({ attempt, renewableLogin }: Situation): Verdict | undefined {
  if (renewableLogin === undefined || attempt.refreshed.includes(renewableLogin)) return undefined
  return { do: "refresh" }
}

function rediscover({ attempt, accountId }: Situation): Verdict | undefined {
  return attempt.rediscovered.includes(accountId) ? undefined : { do: "rediscover" }
}

function switchHost({ anotherHost }: Situation): Verdict | undefined {
  return anotherHost ? { do: "switch-host" } : undefined
}

function switchLogin({ anotherLogin }: Situation): Verdict | undefined {
  return anotherLogin ? { do: "switch-login" } : undefined
}

function leaveAccount(): Verdict {
  return { do: "switch-account" }
}

function switchAccount({ anotherAccount }: Situation): Verdict | undefined {
  return anotherAccount ? { do: "switch-account" } : undefined
}

function newConversation({ attempt }: Situation): Verdict | undefined {
  return attempt.newConversation ? undefined : { do: "new-conversation" }
}

function shorten({ attempt }: Situation): Verdict | undefined {
  const step = nextStep(attempt.step)
  return step === undefined ? undefined : { do: "shorten", step }
}

function omit(part: keyof Carried): Move {
  return ({ attempt, carried }) => {
    const what = carried[part].filter((omission) => !attempt.omitted.includes(omission))
    return what.length > 0 ? { do: "omit", what } : undefined
  }
}

/** Doubles from the configured delay, or what the service asked for. */
function wait({ attempt, failure, limits, jitter }: Situation): Verdict {
  const ms = jittered(failure.retryAfterMs ?? limits.rateLimitRetryDelayMs * 2 ** attempt.waits, jitter)
  const affordable = attempt.waits < limits.rateLimitMaxRetries && fits(attempt, ms)
  return affordable ? { do: "wait", why: "throttle", ms } : fail(ms)
}

function repeat({ attempt, failure, jitter }: Situation): Verdict | undefined {
  if (failure.kind === "timeout" && attempt.repeats >= REPEATS_AFTER_SILENCE) return undefined
  const base = REPEAT_WAITS_MS[attempt.repeats]
  if (base === undefined) return undefined
  const ms = jittered(failure.retryAfterMs ?? base, jitter)
  return fits(attempt, ms) ? { do: "wait", why: "fault", ms } : undefined
}

function fits(attempt: Attempt, ms: number): boolean {
  return attempt.waitedMs + ms <= LONGEST_WAIT_MS
}

function fail(retryAfterMs: number | undefined): Verdict {
  return retryAfterMs === undefined ? { do: "fail" } : { do: "fail", retryAfterMs }
}
