import type { ShortenStep } from "./shortening.ts"

/** What can be left out of a request that was refused for it, each once. */
export type Omission = "signatures" | "documents" | "images" | "fields"

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
  /** The account in use; a switch clears it. */
  readonly accountId?: string
  /** Hosts that could not serve the account in use. */
  readonly hostsTried: readonly string[]
  /** Accounts that this fetch does not ask again. */
  readonly excluded: readonly string[]
  /** Accounts whose token was renewed because it was refused. */
  readonly refreshed: readonly string[]
  /** Accounts whose profile was looked up again. */
  readonly rediscovered: readonly string[]
  readonly omitted: readonly Omission[]
  readonly step?: ShortenStep
  readonly newConversation: boolean
}

export function firstAttempt(start: { readonly step?: ShortenStep | undefined }): Attempt {
  return {
    sends: 0,
    repeats: 0,
    waits: 0,
    waitedMs: 0,
    hostsTried: [],
    excluded: [],
    refreshed: [],
    rediscovered: [],
    omitted: [],
    newConversation: false,
    ...(start.step !== undefined && { step: start.step }),
  }
}
