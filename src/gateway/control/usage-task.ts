import type { KiroFailure, UsageLimits } from "../../kiro/index.ts"
import type { BackgroundTask, TaskOutcome } from "./background.ts"
import type { ControlClient } from "./call.ts"
import type { OpenAccount } from "./open-account.ts"
import { fetchUsage } from "./usage.ts"

const EVERY_MS = 60_000

export interface UsageTaskOptions {
  readonly client: ControlClient
  readonly open: OpenAccount
  /** `usage_sync_max_retries`. */
  readonly retries: number
  /** When the usage of an account was last known, and whether its user id is; epoch ms. */
  readonly known: (accountId: string) => Promise<{ readonly checkedAt?: number; readonly userId?: string }>
  /** `usage_tracking_enabled`: without it only the call is made that learns the user id. */
  readonly tracking: boolean
  readonly record: (learnt: LearntUsage) => Promise<void>
  /** A failure that says something of the account itself, such as a suspension. */
  readonly blame: (accountId: string, failure: KiroFailure) => Promise<void>
}

export interface LearntUsage {
  readonly accountId: string
  readonly loginId: string
  readonly limits: UsageLimits
  readonly host: string
}

/** Asks what an account has used, at most once a minute over all processes. */
export function usageTask(options: UsageTaskOptions): BackgroundTask {
  const { client, open, known, tracking } = options
  return {
    name: "the usage look-up",
    everyMs: EVERY_MS,
    retries: options.retries,
    async waitMs(accountId) {
      const { checkedAt, userId } = await known(accountId)
      if (!tracking && userId !== undefined) return EVERY_MS
      return checkedAt === undefined
        ? 0
        : Math.min(EVERY_MS, checkedAt + EVERY_MS - client.runtime.clock.now())
    },
    async run(accountId, signal): Promise<TaskOutcome> {
      const account = await open(accountId, signal)
      if (account === undefined) return "done"
      const answer = await fetchUsage(client, account.target, signal)
      switch (answer.outcome) {
        case "known":
          await options.record({
            accountId,
            loginId: account.loginId,
            limits: answer.limits,
            host: answer.host,
          })
          return "done"
        case "unsupported":
          return "unsupported"
        case "failed":
          if (answer.failure.kind === "suspended") await options.blame(accountId, answer.failure)
          return isPassing(answer.failure) ? "retry" : "done"
        default: {
          const never: never = answer
          return never
        }
      }
    },
  }
}

/** Only what passes by itself is tried again: never a 403 or a 429. */
function isPassing({ kind }: KiroFailure): boolean {
  return kind === "network" || kind === "unreachable" || kind === "timeout" || kind === "service-error"
}
