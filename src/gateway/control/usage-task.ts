import { type Account, isLocking } from "../../accounts/index.ts"
import type { KiroFailure, UsageLimits } from "../../kiro/index.ts"
import type { ControlClient } from "./call.ts"
import type { OpenAccount } from "./open-account.ts"
import { isPassing, type PeriodicTask, type TaskOutcome } from "./periodic.ts"
import { fetchUsage } from "./usage.ts"

const EVERY_MS = 60_000

export interface UsageTaskOptions {
  readonly client: ControlClient
  readonly open: OpenAccount
  /** `usage_sync_max_retries`. */
  readonly retries: number
  readonly account: (accountId: string) => Promise<Account | undefined>
  /** `usage_tracking_enabled`: without it only the call is made that learns the user id. */
  readonly tracking: boolean
  readonly record: (learnt: LearntUsage) => Promise<void>
  /** A failure that locks the account, such as a suspension. */
  readonly lock: (accountId: string, failure: KiroFailure) => Promise<void>
}

export interface LearntUsage {
  readonly accountId: string
  readonly loginId: string
  readonly limits: UsageLimits
  readonly host: string
}

/** Asks what an account has used, at most once a minute over all processes. */
export function usageTask(options: UsageTaskOptions): PeriodicTask {
  const { client, open, tracking } = options
  return {
    name: "the usage look-up",
    everyMs: EVERY_MS,
    retries: options.retries,
    async waitMs(accountId) {
      const account = await options.account(accountId)
      if (account === undefined || (!tracking && account.userId !== undefined)) return EVERY_MS
      const checkedAt = account.quota?.checkedAt ?? 0
      return Math.min(EVERY_MS, checkedAt + EVERY_MS - client.runtime.clock.now())
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
          if (isLocking(answer.failure)) await options.lock(accountId, answer.failure)
          return isPassing(answer.failure) ? "retry" : "done"
        default: {
          const never: never = answer
          return never
        }
      }
    },
  }
}
