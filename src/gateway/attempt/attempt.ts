import type { KiroFailure, Refusal as ModelRefusal } from "../../kiro/index.ts"
import type { Secret } from "../../secret.ts"
import type { Verdict } from "../recover/decide.ts"
import type { ShortenStep } from "../recover/shortening.ts"

/** What is left out of a request that was refused for it, each once. */
export type Omission = "signatures" | ModelRefusal

/** An account that this fetch does not ask again, and why. */
export interface Exclusion {
  readonly accountId: string
  readonly accountName: string
  readonly failure: KiroFailure
}

/** What one fetch has done so far, as one value: every verdict makes the next one of it. */
export interface Attempt {
  /** HTTP sends so far. */
  readonly sends: number
  /** Quick repeats after network faults and 5xx. */
  readonly repeats: number
  /** Waits for a throttle or a busy model. */
  readonly waits: number
  /** All waits of this fetch together, of both kinds. */
  readonly waitedMs: number
  /** The account to stay with; without one, one is chosen. */
  readonly accountId?: string
  /** Hosts that could not serve the account in use. */
  readonly hostsTried: readonly string[]
  readonly excluded: readonly Exclusion[]
  /** Logins whose token was renewed because it was refused. */
  readonly refreshed: readonly string[]
  /** The refused tokens themselves; another host may take them. */
  readonly rejected: readonly Secret[]
  /** Accounts whose profile was looked up again. */
  readonly rediscovered: readonly string[]
  readonly omitted: readonly Omission[]
  /** What of it the model refuses as such, not for what was in it. */
  readonly learnt: readonly Omission[]
  readonly step?: ShortenStep
  readonly newConversation: boolean
}

export function firstAttempt(step: ShortenStep | undefined): Attempt {
  return {
    sends: 0,
    repeats: 0,
    waits: 0,
    waitedMs: 0,
    hostsTried: [],
    excluded: [],
    refreshed: [],
    rejected: [],
    rediscovered: [],
    omitted: [],
    learnt: [],
    newConversation: false,
    ...(step !== undefined && { step }),
  }
}

/** Where an attempt failed. */
export interface FailedAt {
  readonly failure: KiroFailure
  readonly accountId: string
  readonly accountName: string
  readonly loginId?: string | undefined
  readonly hostName?: string | undefined
  readonly accessToken?: Secret | undefined
}

/** The attempt that follows a verdict. What a verdict asks to be done first (a wait, a look-up) is the loop's. */
export function nextAttempt(
  attempt: Attempt,
  verdict: Exclude<Verdict, { do: "fail" }>,
  at: FailedAt,
): Attempt {
  const same = { ...attempt, accountId: at.accountId }
  switch (verdict.do) {
    case "refresh":
      return {
        ...same,
        refreshed: [...same.refreshed, at.loginId ?? ""],
        rejected: [...same.rejected, ...(at.accessToken === undefined ? [] : [at.accessToken])],
      }
    case "rediscover":
      return { ...same, rediscovered: [...same.rediscovered, at.accountId] }
    case "switch-host":
      return { ...same, hostsTried: [...same.hostsTried, at.hostName ?? ""], rejected: [] }
    case "switch-login":
      return { ...same, hostsTried: [] }
    case "switch-account": {
      const { accountId, ...unbound } = same
      const excluded = [...same.excluded, { accountId, accountName: at.accountName, failure: at.failure }]
      return { ...unbound, excluded, hostsTried: [] }
    }
    case "wait": {
      const waitedMs = same.waitedMs + verdict.ms
      if (verdict.why === "throttle") return { ...same, waitedMs, waits: same.waits + 1 }
      // Where no host heard us, all of them are tried again after the wait.
      const hostsTried = at.failure.kind === "unreachable" ? [] : same.hostsTried
      return { ...same, waitedMs, hostsTried, repeats: same.repeats + 1 }
    }
    case "shorten":
      return { ...same, step: verdict.step }
    case "omit":
      return {
        ...same,
        omitted: [...same.omitted, ...verdict.what],
        learnt: isOfTheModel(at.failure) ? [...same.learnt, ...verdict.what] : same.learnt,
      }
    case "new-conversation":
      return { ...same, newConversation: true }
    default:
      return verdict satisfies never
  }
}

/** A document or an image may have been refused for what it was. */
function isOfTheModel({ kind, reason }: KiroFailure): boolean {
  if (kind === "document-refused") return reason === "DOCUMENT_MODEL_NOT_SUPPORTED"
  return kind !== "image-refused"
}
