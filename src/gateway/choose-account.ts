import {
  type Account,
  type Choice,
  selectAccount,
  type SelectionPolicy,
  type Unavailable,
} from "../accounts/index.ts"
import type { Attempt } from "./attempt.ts"
import type { Chat } from "./chat.ts"
import type { GatewayContext } from "./dependencies.ts"
import { lacksModel } from "./models.ts"
import { refusalOfAll } from "./parked.ts"
import type { Refusal } from "./refusal.ts"

export type Chosen = { readonly account: Account; readonly paid: boolean } | { readonly refusal: Refusal }

/**
 * The account of this attempt. Where none can serve, the other programs' stores and the used-up quotas are looked at
 * once more before the host is told.
 */
export async function chooseAccount(context: GatewayContext, chat: Chat, attempt: Attempt): Promise<Chosen> {
  const { store, runtime, importLogins } = context
  const staying = attempt.accountId === undefined ? undefined : await store.get(attempt.accountId)
  if (staying !== undefined) return { account: staying, paid: false }
  const assign = (): Promise<Choice> =>
    store.assign(chat.sessionId, (state) => selectAccount(state, policyOf(context, chat, attempt)))
  const first = await assign()
  if (first.account !== undefined) return first
  await importLogins()
  await checkQuotas(context, chat, first.unavailable)
  const second = await assign()
  if (second.account !== undefined) return second
  return {
    refusal: refusalOfAll({
      accounts: await store.list(),
      unavailable: second.unavailable,
      attempt,
      model: chat.request.model,
      now: runtime.clock.now(),
    }),
  }
}

/** Whether another account could serve, should this one be left. */
export async function anotherCanServe(
  context: GatewayContext,
  {
    chat,
    attempt,
    accountId,
  }: { readonly chat: Chat; readonly attempt: Attempt; readonly accountId: string },
): Promise<boolean> {
  const others = (await context.store.list()).filter(({ id }) => id !== accountId)
  const choice = selectAccount({ accounts: others, spent: new Map() }, policyOf(context, chat, attempt))
  return choice.account !== undefined
}

function policyOf({ settings, runtime }: GatewayContext, chat: Chat, attempt: Attempt): SelectionPolicy {
  return {
    strategy: settings.accountSelectionStrategy,
    useOverage: settings.useOverage,
    now: runtime.clock.now(),
    excluded: new Set(attempt.excluded.map(({ accountId }) => accountId)),
    lacksModel: ({ id }) => lacksModel(chat, id),
  }
}

/** An upgrade or bought credits show in the usage call before any cool-down ends. */
async function checkQuotas(
  { store, lookUps }: GatewayContext,
  { signal }: Chat,
  unavailable: readonly Unavailable[],
): Promise<void> {
  const exhausted = new Set(
    unavailable.flatMap(({ accountId, why }) => (why === "exhausted" ? accountId : [])),
  )
  const accounts = await store.list()
  const due = accounts.filter((account) => exhausted.has(account.id) || isOutOfQuota(account))
  await Promise.all(due.map(({ id }) => lookUps.usage(id, signal)))
}

function isOutOfQuota({ health, enabled }: Account): boolean {
  return (
    enabled &&
    health.state === "cooling" &&
    health.reason !== "throttled" &&
    health.reason !== "not-authorized"
  )
}
