import type { FailureKind, KiroFailure } from "../../kiro/index.ts"
import { present } from "../../json.ts"
import { nextStep, type Omission, type Progress, type Verdict } from "../attempt/progress.ts"

/** What else could be done about a failed attempt, as plain values. */
export interface Ways {
  readonly accountId: string
  /** The login whose token was sent; absent for an API key, which has nothing to renew. */
  readonly renewableLogin?: string | undefined
  readonly anotherLogin: boolean
  /** Whether another one could serve, and whether that would cost credits beyond its limit. */
  readonly anotherAccount: "none" | "free" | "paid"
  readonly anotherHost: boolean
  /** How often in a row the account was throttled, with this one: by whichever requests. */
  readonly throttles: number
  /** What of the refused request the next one could do without. */
  readonly omissible: readonly Omission[]
  readonly limits: {
    readonly rateLimitRetryDelayMs: number
    readonly rateLimitMaxRetries: number
    readonly maxRequestIterations: number
  }
  /** Uniform in [0, 1). */
  readonly jitter: number
}

/** All waits of one chat together; a longer one is the host's. */
const LONGEST_WAIT_MS = 12_000
const REPEAT_WAITS_MS = [500, 1000, 2000]
/** A silence was long enough, and an answer without content costs credits: one repeat, whatever else was repeated. */
const REPEATED_ONCE: ReadonlySet<FailureKind> = new Set<FailureKind>(["timeout", "empty-answer"])

interface Situation extends Ways {
  readonly failure: KiroFailure
  readonly progress: Progress
}

/** A way out of a failure, where it is open: `undefined` where it is not, or was tried before. */
type Move = (situation: Situation) => Verdict | undefined

/** The whole policy: the moves for each kind of failure, in order. Where none is open the request fails. */
const TABLE: Readonly<Record<FailureKind, readonly Move[]>> = {
  "bearer-rejected": [refresh, switchHost, switchLogin, leaveAccount],
  "token-unavailable": [switchForFree, repeat, switchAccount],
  "disk-full": [leaveAccount],
  suspended: [leaveAccount],
  "not-authorized": [rediscover, leaveAccount],
  "feature-not-supported": [rediscover, leaveAccount],
  "subscription-refused": [rediscover],
  "monthly-quota": [leaveAccount],
  "daily-quota": [leaveAccount],
  "overage-limit": [leaveAccount],
  "conversation-limit": [newConversation],
  throttled: [switchForFree, wait, leaveAccount],
  capacity: [wait],
  "input-too-long": [shorten],
  "invalid-model": [leaveAccount],
  "signature-invalid": [omit],
  "document-refused": [omit],
  "image-refused": [omit],
  "field-refused": [omit],
  "tool-refused": [omit],
  "malformed-request": [],
  "refused-on-the-way": [],
  "invalid-state": [],
  "unknown-operation": [switchHost],
  "service-error": [repeat],
  unreachable: [switchHost, repeat],
  network: [repeat, leaveSilentHost],
  timeout: [repeat],
  "empty-answer": [repeat],
  truncated: [repeat],
  "corrupt-stream": [repeat],
}

export function decide(failure: KiroFailure, progress: Progress, ways: Ways): Verdict {
  const situation = { ...ways, failure, progress }
  const isLast = progress.sends >= ways.limits.maxRequestIterations
  for (const move of isLast ? [] : TABLE[failure.kind]) {
    const verdict = move(situation)
    if (verdict !== undefined) return verdict
  }
  const retryAfterMs = failure.kind === "capacity" && !isLast ? throttleWait(situation) : failure.retryAfterMs
  return { do: "fail", ...present({ retryAfterMs, others: isLast ? othersOf(situation) : undefined }) }
}

function othersOf({ failure, progress, anotherAccount }: Situation): "asked" | "unasked" | undefined {
  const couldHelp = TABLE[failure.kind].some((move) => move === leaveAccount || move === switchAccount)
  if (!couldHelp) return undefined
  if (anotherAccount !== "none") return "unasked"
  return progress.excluded.length > 0 ? "asked" : undefined
}

function refresh({ progress, renewableLogin }: Situation): Verdict | undefined {
  if (renewableLogin === undefined || progress.refreshed.includes(renewableLogin)) return undefined
  return { do: "refresh" }
}

function rediscover({ progress, accountId }: Situation): Verdict | undefined {
  return progress.rediscovered.includes(accountId) ? undefined : { do: "rediscover" }
}

function switchHost({ anotherHost }: Situation): Verdict | undefined {
  return anotherHost ? { do: "switch-host" } : undefined
}

/** Nothing came of it, not so much as a page: for a firewall one of the two names may be a stranger. */
function leaveSilentHost(situation: Situation): Verdict | undefined {
  return situation.failure.status === 0 ? switchHost(situation) : undefined
}

function switchLogin({ anotherLogin }: Situation): Verdict | undefined {
  return anotherLogin ? { do: "switch-login" } : undefined
}

function leaveAccount(): Verdict {
  return { do: "switch-account" }
}

function switchAccount({ anotherAccount }: Situation): Verdict | undefined {
  return anotherAccount === "none" ? undefined : { do: "switch-account" }
}

/** What passes in seconds is rather waited out than paid for elsewhere. */
function switchForFree({ anotherAccount }: Situation): Verdict | undefined {
  return anotherAccount === "free" ? { do: "switch-account" } : undefined
}

function newConversation({ progress }: Situation): Verdict | undefined {
  return progress.newConversation ? undefined : { do: "new-conversation" }
}

function shorten({ progress }: Situation): Verdict | undefined {
  const step = nextStep(progress.step)
  return step === undefined ? undefined : { do: "shorten", step }
}

function omit({ omissible: what }: Situation): Verdict | undefined {
  return what.length > 0 ? { do: "omit", what } : undefined
}

function wait(situation: Situation): Verdict | undefined {
  const { progress, limits } = situation
  const ms = throttleWait(situation)
  return ms <= patienceOf(progress, limits) ? { do: "wait", why: "throttle", ms } : undefined
}

/** How long a request that has waited so often, and so long, may still wait for a throttle to end, in ms. */
export function patienceOf(
  { waits, waitedMs }: Pick<Progress, "waits" | "waitedMs">,
  { rateLimitMaxRetries }: Pick<Ways["limits"], "rateLimitMaxRetries">,
): number {
  return waits < rateLimitMaxRetries ? LONGEST_WAIT_MS - waitedMs : 0
}

/** How long a request waits for an account that is free then, in ms, and no longer than it may. */
export function waitUntil(
  freeAt: number,
  { now, patienceMs, random }: { readonly now: number; readonly patienceMs: number; readonly random: number },
): number {
  return Math.min(jittered(freeAt - now, random), patienceMs)
}

/**
 * Doubles from the configured delay, over all requests of a throttled account: each that began anew would end what the
 * others have waited for. Or what the service asked for.
 */
function throttleWait({ progress, failure, limits, throttles, jitter }: Situation): number {
  const before = failure.kind === "throttled" ? throttles - 1 : 0
  const doubled = limits.rateLimitRetryDelayMs * 2 ** Math.max(progress.waits, before)
  return jittered(failure.retryAfterMs ?? doubled, jitter)
}

function repeat({ progress, failure, jitter }: Situation): Verdict | undefined {
  const isOnce = REPEATED_ONCE.has(failure.kind)
  const alike = progress.repeated.filter((kind) =>
    isOnce ? kind === failure.kind : !REPEATED_ONCE.has(kind),
  )
  const base = isOnce && alike.length > 0 ? undefined : REPEAT_WAITS_MS[alike.length]
  if (base === undefined) return undefined
  const ms = jittered(failure.retryAfterMs ?? base, jitter)
  return fits(progress, ms) ? { do: "wait", why: "fault", ms } : undefined
}

/** As far as parallel requests need to spread, in ms: a host that waits longer than people were told seems to hang. */
const WIDEST_SPREAD_MS = 10_000

/** Up to a fifth longer, never shorter than what was asked for: parallel requests spread. `random` in [0, 1). */
export function jittered(ms: number, random: number): number {
  return Math.round(ms + random * Math.min(ms / 5, WIDEST_SPREAD_MS))
}

function fits({ waitedMs }: Progress, ms: number): boolean {
  return waitedMs + ms <= LONGEST_WAIT_MS
}
