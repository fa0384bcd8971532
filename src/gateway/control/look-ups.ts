import { type AccountStore, afterFailure, type Notice } from "../../accounts/index.ts"
import type { Settings } from "../../settings/index.ts"
import type { FreshTokens, LookUps } from "../dependencies.ts"
import { createBackground } from "./background.ts"
import type { ControlClient } from "./call.ts"
import { createModelLists } from "./model-lists.ts"
import { accountOpener } from "./open-account.ts"
import { recordUsage } from "./record-usage.ts"
import { rediscoverProfile } from "./rediscover-profile.ts"
import { usageTask } from "./usage-task.ts"

export interface LookUpOptions {
  readonly client: ControlClient
  readonly store: AccountStore
  readonly tokens: FreshTokens
  readonly settings: Settings
  /** kiro-models.json. */
  readonly modelsPath: string
  readonly notify: (notice: Notice) => void
}

export interface OpenLookUps extends LookUps {
  /** The usage of one account now, whether due or not. */
  readonly usageNow: (accountId: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** The questions to the control plane, with what they teach written into the store. */
export function createLookUps(options: LookUpOptions): OpenLookUps {
  const { client, store, settings } = options
  const open = accountOpener(options)
  const usage = createBackground(
    usageTask({
      client,
      open,
      retries: settings.usageSyncMaxRetries,
      tracking: settings.usageTrackingEnabled,
      known: async (accountId) => {
        const account = await store.get(accountId)
        const checkedAt = account?.quota?.checkedAt
        const userId = account?.userId
        return { ...(checkedAt !== undefined && { checkedAt }), ...(userId !== undefined && { userId }) }
      },
      record: (learnt) => recordUsage({ ...options, runtime: client.runtime }, learnt),
      blame: async (accountId, failure) => {
        const now = client.runtime.clock.now()
        const context = {
          now,
          throttleDelayMs: settings.rateLimitRetryDelayMs,
          random: client.runtime.random(),
        }
        await store.update(accountId, (account) => afterFailure(account, failure, context))
      },
    }),
    client.runtime,
  )
  const lists = createModelLists({ client, open, store, path: options.modelsPath })
  return {
    usage: (accountId) => usage.now([accountId]),
    usageNow: (accountId) => usage.force(accountId),
    profile: (accountId, signal) => rediscoverProfile(options, accountId, signal),
    afterAnswer(accountId) {
      usage.soon(accountId)
      lists.refresh.soon(accountId)
    },
    close: async () => void (await Promise.all([usage.close(), lists.refresh.close()])),
  }
}
