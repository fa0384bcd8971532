import { accountName, type AccountStore, afterFailure, type Notice } from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import { untilAborted } from "../../runtime.ts"
import type { Settings } from "../../settings/index.ts"
import type { FreshTokens, LookUps } from "../dependencies.ts"
import type { ControlClient } from "./call.ts"
import { modelsTask, writeModelsFile } from "./models-task.ts"
import { accountOpener } from "./open-account.ts"
import { createPeriodic } from "./periodic.ts"
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
  /** Writes for the next start which models the accounts have, after one was enabled, disabled or removed. */
  readonly offerModels: () => Promise<void>
  /** Ends what is under way. */
  readonly close: () => Promise<void>
}

/** The questions to the control plane, with what they teach written into the store. */
export function createLookUps(options: LookUpOptions): OpenLookUps {
  const { client, store, settings, modelsPath } = options
  const open = accountOpener(options)
  const usage = createPeriodic(
    usageTask({
      client,
      open,
      retries: settings.usageSyncMaxRetries,
      tracking: settings.usageTrackingEnabled,
      account: (accountId) => store.get(accountId),
      record: (learnt) => recordUsage({ ...options, runtime: client.runtime }, learnt),
      lock: (accountId, failure) => lock(options, accountId, failure),
    }),
    client.runtime,
  )
  const models = createPeriodic(modelsTask({ client, open, store, path: modelsPath }), client.runtime)
  return {
    usage: (accountId, signal) => untilAborted(usage.now([accountId]), signal),
    usageNow: (accountId) => usage.force(accountId),
    profile: (accountId, signal) => rediscoverProfile(options, accountId, signal),
    afterAnswer(accountId) {
      usage.soon(accountId)
      models.soon(accountId)
    },
    offerModels: () => offerModels(options),
    close: async () => void (await Promise.all([usage.close(), models.close()])),
  }
}

/** A file that can't be written is no fault of the change before it: the old one stands until the next answer. */
async function offerModels({ client, store, modelsPath }: LookUpOptions): Promise<void> {
  const { log, randomUUID } = client.runtime
  try {
    await writeModelsFile({ store, path: modelsPath, unique: randomUUID() })
  } catch (error) {
    log.warn("the model lists were not written", { error })
  }
}

/** The usage call is the first to hear of a suspension where nobody chats. */
async function lock(
  { client, store, settings, notify }: LookUpOptions,
  accountId: string,
  failure: KiroFailure,
): Promise<void> {
  const { clock, random } = client.runtime
  const context = {
    now: clock.now(),
    throttleDelayMs: settings.rateLimitRetryDelayMs,
    random: random(),
  }
  const before = await store.get(accountId)
  const after = await store.update(accountId, (account) => afterFailure(account, failure, context))
  if (after?.health.state !== "revoked" || before?.health.state === "revoked") return
  const { reason } = after.health
  notify({ kind: "account-revoked", account: accountName(after), reason })
}
