import {
  type Account,
  accountName,
  type AccountStore,
  afterUsage,
  learnIdentity,
  type Notice,
  usedShare,
} from "../../accounts/index.ts"
import type { Runtime } from "../../runtime.ts"
import type { Settings } from "../../settings/index.ts"
import type { LearntUsage } from "./usage-task.ts"

/** From this share on the user is told once that an account runs out. */
const HIGH_SHARE = 0.8

export interface UsageRecorder {
  readonly runtime: Runtime
  readonly store: AccountStore
  readonly settings: Pick<Settings, "usageTrackingEnabled">
  readonly notify: (notice: Notice) => void
}

/** Credits, user id and e-mail of an account; the first time that its credits run low the user is told. */
export async function recordUsage(
  { runtime, store, settings, notify }: UsageRecorder,
  learnt: LearntUsage,
): Promise<void> {
  const { accountId, loginId, host, limits } = learnt
  const { clock, randomUUID } = runtime
  const now = clock.now()
  const { quota } = limits
  const before = await store.get(accountId)
  const after = await store.update(accountId, (account) => {
    const measured = quota === undefined ? account : afterUsage(account, { ...quota, checkedAt: now }, now)
    return measured.hosts["control"] === host
      ? measured
      : { ...measured, hosts: { ...measured.hosts, control: host } }
  })
  if (settings.usageTrackingEnabled && before !== undefined && after !== undefined) {
    const notice = quotaNotice(before, after, now)
    if (notice !== undefined) notify(notice)
  }
  const { userId, email } = limits
  if (userId === undefined || after === undefined) return
  if (after.userId === userId && (email === undefined || after.email === email)) return
  await store.reconcile((accounts) =>
    learnIdentity(accounts, {
      accountId,
      loginId,
      userId,
      now,
      newId: randomUUID,
      ...(email !== undefined && { email }),
    }),
  )
}

function quotaNotice(before: Account, after: Account, now: number): Notice | undefined {
  const share = after.quota === undefined ? undefined : usedShare(after.quota, now)
  if (share === undefined || share < HIGH_SHARE) return undefined
  const shareBefore = before.quota === undefined ? undefined : usedShare(before.quota, now)
  if (shareBefore !== undefined && shareBefore >= HIGH_SHARE) return undefined
  const resetAt = after.quota?.resetAt
  const account = accountName(after)
  return { kind: "quota-high", account, usedShare: share, now, ...(resetAt !== undefined && { resetAt }) }
}
