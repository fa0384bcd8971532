import {
  type Account,
  accountName,
  type AccountStore,
  isLocking,
  keepUsage,
  lockedBy,
  type LockingFailure,
  type Login,
  type Notice,
  usedShare,
} from "../../accounts/index.ts"
import { present } from "../../json.ts"
import { HIGH_SHARE, type UsageLimits } from "../../kiro/index.ts"
import type { Settings } from "../../settings/index.ts"
import type { ControlClient, OpenAccount } from "./call.ts"
import { isPassing, type PeriodicTask, type TaskOutcome } from "./periodic.ts"
import { fetchUsage } from "./questions.ts"

const EVERY_MS = 60_000

export interface UsageTaskOptions {
  readonly client: ControlClient
  readonly open: OpenAccount
  readonly store: AccountStore
  readonly settings: Pick<Settings, "usageSyncMaxRetries" | "usageTrackingEnabled">
  readonly notify: (notice: Notice) => void
}

/** Asks what an account has used, at most once a minute over all processes, and keeps the answer. */
export function usageTask(options: UsageTaskOptions): PeriodicTask {
  const { client, open, store, settings } = options
  return {
    name: "the usage look-up",
    everyMs: EVERY_MS,
    retries: settings.usageSyncMaxRetries,
    async waitMs(accountId) {
      const account = await store.get(accountId)
      if (account === undefined) return EVERY_MS
      const checkedAt = account.quota?.checkedAt ?? 0
      return Math.min(EVERY_MS, checkedAt + EVERY_MS - client.runtime.clock.now())
    },
    async run(accountId, signal): Promise<TaskOutcome> {
      const opened = await open(accountId, signal)
      if (opened === undefined) return "done"
      const answer = await fetchUsage(client, opened.target, signal)
      switch (answer.outcome) {
        case "known":
          await record(options, { login: opened.asked(), ...answer })
          return "done"
        case "unsupported":
          return "unsupported"
        case "failed":
          if (isLocking(answer.failure)) await lock(options, accountId, answer.failure)
          return isPassing(answer.failure) ? "retry" : "done"
        default:
          return answer satisfies never
      }
    },
  }
}

/** Credits, user id and e-mail of an account. */
async function record(
  { client, store, settings, notify }: UsageTaskOptions,
  learnt: {
    readonly login: Login
    readonly limits: UsageLimits
    readonly host: string
  },
): Promise<void> {
  const { login, host, limits } = learnt
  const now = client.runtime.clock.now()
  const kept = await keepUsage(store, { login, limits, now })
  if (kept === undefined) return
  const { before, after } = kept
  await store.update(after.id, (account) =>
    account.hosts["control"] === host ? account : { ...account, hosts: { ...account.hosts, control: host } },
  )
  if (settings.usageTrackingEnabled) tellQuota(before, after, { now, notify })
}

/** The first time that the credits of an account run low the user is told. */
export function tellQuota(
  before: Account,
  after: Account,
  { now, notify }: { readonly now: number; readonly notify: (notice: Notice) => void },
): void {
  const shareOf = ({ quota }: Account): number => (quota && usedShare(quota, now)) ?? 0
  const share = shareOf(after)
  if (share < HIGH_SHARE || shareOf(before) >= HIGH_SHARE) return
  const resetAt = after.quota?.resetAt
  notify({ kind: "quota-high", account: accountName(after), usedShare: share, now, ...present({ resetAt }) })
}

/** The usage call is the first to hear of a suspension where nobody chats. */
async function lock(
  { client, store, notify }: UsageTaskOptions,
  accountId: string,
  failure: LockingFailure,
): Promise<void> {
  const now = client.runtime.clock.now()
  const before = await store.get(accountId)
  const after = await store.update(accountId, (account) => lockedBy(account, failure, now))
  if (after !== undefined && before?.health.state !== "revoked")
    notify({ kind: "account-revoked", account: after, reason: failure.kind })
}
