import type { Account } from "../../accounts/index.ts"
import type { FailureKind, KiroFailure, RefusedPart } from "../../kiro/index.ts"
import type { Secret } from "../../secret.ts"
import { learnRatio } from "../../translate/index.ts"

/**
 * What is left out of a request that was refused for it, each once: all reasoning, one tool by its name, one medium by
 * the hash of its bytes; or what the model as such has not: a field of its request, images, documents.
 */
export type Omission = "reasoning" | `tool ${string}` | `medium ${string}` | RefusedPart

const OF_A_SESSION: ReadonlySet<string> = new Set(["reasoning", "images", "documents"])

/** Whether a session may leave it out by itself: a field is one of the model's. */
export function isOfTheSession(omission: string): omission is Omission {
  return OF_A_SESSION.has(omission) || omission.startsWith("tool ") || omission.startsWith("medium ")
}

/** Gradual truncation: each step is a share of what the request, or the model's window if smaller, holds. */
export type ShortenStep = 0.8 | 0.6 | 0.4

const STEPS: readonly ShortenStep[] = [0.8, 0.6, 0.4]

/** Behind it there is no other. */
export const LAST_STEP: ShortenStep = 0.4

export function nextStep(step: ShortenStep | undefined): ShortenStep | undefined {
  return step === undefined ? STEPS[0] : STEPS[STEPS.indexOf(step) + 1]
}

/** What to do about a failure that came before the commit point. */
export type Verdict =
  /** Renew the refused token and repeat. */
  | { readonly do: "refresh" }
  /** Look the account's profile up again and repeat. */
  | { readonly do: "rediscover" }
  | { readonly do: "switch-host" }
  /** The account has another login: this one is done with. */
  | { readonly do: "switch-login" }
  /** Leave the account, which its failure cools or locks; where none is left, say so. */
  | { readonly do: "switch-account" }
  | { readonly do: "wait"; readonly why: "throttle" | "fault"; readonly ms: number }
  | { readonly do: "shorten"; readonly step: ShortenStep }
  | { readonly do: "omit"; readonly what: readonly Omission[] }
  | { readonly do: "new-conversation" }
  /**
   * `retryAfterMs`: a wait too long for one chat; the host waits instead and shows it. `others`: behind the last send
   * that the user allows, whether the chat has asked the other accounts that could have served.
   */
  | { readonly do: "fail"; readonly retryAfterMs?: number; readonly others?: "asked" | "unasked" }

/** What one chat has done so far, as one value: every verdict makes the next one of it. */
export interface Progress {
  /** HTTP sends so far. */
  readonly sends: number
  /** The faults behind which it was soon sent again. */
  readonly repeated: readonly FailureKind[]
  /** Waits for a throttle or a busy model. */
  readonly waits: number
  /** All waits of this chat together, of both kinds. */
  readonly waitedMs: number
  /** The account to stay with; without one, one is chosen. */
  readonly accountId?: string
  /** Hosts that could not serve the account in use. */
  readonly hostsTried: readonly string[]
  /** Of one of them, whose own word it is not: see `isOfTheWay`. */
  readonly unheard?: KiroFailure | undefined
  /** Accounts that this chat does not ask again, and why. */
  readonly excluded: readonly { readonly account: Account; readonly failure: KiroFailure }[]
  /** Logins whose token was renewed because it was refused. */
  readonly refreshed: readonly string[]
  /** The refused tokens themselves; another host may take them. */
  readonly rejected: readonly Secret[]
  /** Accounts whose profile was looked up again. */
  readonly rediscovered: readonly string[]
  /** With what the session leaves out since earlier requests. */
  readonly omitted: readonly Omission[]
  /** How often something was left out. */
  readonly omissions: number
  /** What of it the model refuses as such, not for what was in it. */
  readonly learnt: readonly Omission[]
  readonly step?: ShortenStep
  /** The size of the session's request that needed the step first, where that was an earlier one: see `shortenTarget`. */
  readonly shortenedSize?: number
  /** The estimated tokens of the smallest body that was too long. */
  readonly tooLong?: number
  /** The service's tokens for one estimated one, as far as the session has taught. */
  readonly tokenRatio?: number | undefined
  readonly newConversation: boolean
}

/** `known`: what the session has taught. */
export function firstProgress(
  known: Partial<Pick<Progress, "step" | "shortenedSize" | "omitted" | "tokenRatio">> = {},
): Progress {
  return {
    sends: 0,
    repeated: [],
    waits: 0,
    waitedMs: 0,
    hostsTried: [],
    excluded: [],
    refreshed: [],
    rejected: [],
    rediscovered: [],
    omitted: [],
    omissions: 0,
    learnt: [],
    newConversation: false,
    ...known,
  }
}

/** Where an attempt failed; `sent` is absent where nothing left this computer. */
interface FailedAt {
  readonly account: Account
  readonly failure: KiroFailure
  readonly sent?: SentAt
}

interface SentAt {
  readonly credential: {
    readonly login: { readonly id: string; readonly kind: string }
    readonly accessToken: Secret
  }
  readonly host: { readonly name: string }
  readonly body: { readonly estimatedTokens: number }
  readonly model: { readonly serviceWindow: number }
}

/** The progress after a verdict. What a verdict asks to be done first (a wait, a look-up) is the loop's. */
export function nextProgress(
  progress: Progress,
  verdict: Exclude<Verdict, { do: "fail" }>,
  { account, failure, sent }: FailedAt,
): Progress {
  const same = { ...progress, accountId: account.id }
  switch (verdict.do) {
    case "refresh":
      return {
        ...same,
        refreshed: [...same.refreshed, sent?.credential.login.id ?? ""],
        rejected: [...same.rejected, ...(sent === undefined ? [] : [sent.credential.accessToken])],
      }
    case "rediscover":
      return { ...same, rediscovered: [...same.rediscovered, account.id] }
    case "switch-host": {
      const unheard = isOfTheWay(failure, sent) ? failure : same.unheard
      return { ...same, hostsTried: [...same.hostsTried, sent?.host.name ?? ""], unheard, rejected: [] }
    }
    case "switch-login":
      return { ...same, hostsTried: [], unheard: undefined }
    case "switch-account": {
      const { accountId: _, ...unbound } = same
      const excluded = [...same.excluded, { account, failure }]
      return { ...unbound, excluded, hostsTried: [], unheard: undefined }
    }
    case "wait": {
      if (verdict.why === "throttle") return afterThrottle(same, verdict.ms)
      // Where no host heard us, all of them are tried again after the wait.
      const hosts = failure.kind === "unreachable" ? { hostsTried: [], unheard: undefined } : {}
      const repeated = [...same.repeated, failure.kind]
      return { ...same, waitedMs: same.waitedMs + verdict.ms, ...hosts, repeated }
    }
    case "shorten": {
      if (sent === undefined) return { ...same, step: verdict.step }
      const tooLong = Math.min(sent.body.estimatedTokens, same.tooLong ?? Infinity)
      return { ...same, step: verdict.step, tooLong, tokenRatio: ratioAfterRefusal(same, failure, sent) }
    }
    case "omit":
      return {
        ...same,
        omitted: [...same.omitted, ...verdict.what],
        omissions: same.omissions + 1,
        learnt: isOfTheModel(failure) ? [...same.learnt, ...verdict.what] : same.learnt,
      }
    case "new-conversation":
      return { ...same, newConversation: true }
    default:
      return verdict satisfies never
  }
}

/**
 * Whether it may come from something on the way: nobody was reached, or nobody answered, a page came, or a token was
 * refused without a word, which can be renewed: that says that the login is good.
 */
export function isOfTheWay(
  { kind, status, message, code, reason }: KiroFailure,
  sent: Pick<SentAt, "credential"> | undefined,
): boolean {
  if (kind === "unreachable" || (kind === "network" && status === 0) || reason === "PAGE") return true
  const isWordless = message === "" && code === undefined && reason === undefined
  return kind === "bearer-rejected" && isWordless && sent?.credential.login.kind !== "api-key"
}

/** What has been waited behind a wait for the end of a throttle. */
export function afterThrottle<Waited extends Pick<Progress, "waits" | "waitedMs">>(
  waited: Waited,
  ms: number,
): Waited {
  return { ...waited, waits: waited.waits + 1, waitedMs: waited.waitedMs + ms }
}

/** What was refused far below the window, or by a 413, was too large for something else: that says nothing of tokens. */
const TELLING_SHARE = 0.25

/** What a request that was too long teaches of the session's tokens. */
export function ratioAfterRefusal(
  { tokenRatio }: Pick<Progress, "tokenRatio">,
  { status, message }: KiroFailure,
  { body, model }: Pick<SentAt, "body" | "model">,
): number | undefined {
  const { estimatedTokens: estimated } = body
  const isTelling = status !== 413 && estimated >= model.serviceWindow * TELLING_SHARE
  const counted = countedIn(message) ?? (isTelling ? model.serviceWindow : 0)
  return learnRatio(tokenRatio, { estimated, counted, request: "refused" })
}

/** "prompt is too long: 215000 tokens > 200000 maximum". */
function countedIn(message: string): number | undefined {
  const counted = /(\d[\d,]{3,}) tokens/.exec(message)?.[1]
  return counted === undefined ? undefined : Number(counted.replaceAll(",", ""))
}

/** Any picture, any document: not one of this format or size. */
const LACKS_MEDIA =
  /model (?:doesn't|does not) (?:support|accept|take) (?:the |any )?(?:images?|documents?|pdfs?)\b(?! (?:formats?|types?|sizes?|of|with|larger)\b)/i

/** Whether the model as such lacks what was refused. A document or an image may have been refused for what it was. */
export function isOfTheModel({ kind, reason = "", message }: KiroFailure): boolean {
  // In a tool loop that began without reasoning, or whose reasoning is left out, there may be no thinking.
  if (kind === "field-refused") return !/expected .?thinking/i.test(message)
  if (kind !== "document-refused" && kind !== "image-refused") return false
  return reason.endsWith("_MODEL_NOT_SUPPORTED") || LACKS_MEDIA.test(message)
}
