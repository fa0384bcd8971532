import {
  type Account,
  accountName,
  type Choice,
  isOutOfCredits,
  selectAccount,
  type SelectionPolicy,
  type Unavailable,
  wantsProfile,
} from "../../accounts/index.ts"
import type { Attempt } from "./attempt.ts"
import type { Chat } from "../chat.ts"
import type { GatewayContext } from "../dependencies.ts"
import { lacksModel } from "../models.ts"
import { type AllOut, parkedStates, refusalOfAll } from "../refuse/parked.ts"
import type { Refusal } from "../refuse/refusal.ts"

export type Chosen = { readonly account: Account } | { readonly refusal: Refusal }

/**
 * The account of this attempt. Where none can serve, the other programs' stores and the used-up quotas are looked at
 * once more before the host is told.
 */
export async function chooseAccount(context: GatewayContext, chat: Chat, attempt: Attempt): Promise<Chosen> {
  const { store, importLogins, runtime } = context
  const staying = attempt.accountId === undefined ? undefined : await store.get(attempt.accountId)
  if (staying !== undefined && mayStay(staying, runtime.clock.now())) return { account: staying }
  const first = await assign(context, chat, attempt)
  if (first.account !== undefined) return first
  await importLogins()
  await checkQuotas(context, chat, first.unavailable)
  await findProfiles(context, chat)
  const second = await assign(context, chat, attempt)
  if (second.account !== undefined) return second
  return { refusal: await refuse(context, { chat, attempt, unavailable: second.unavailable }) }
}

/**
 * What a parallel request learned of the account meanwhile counts, but for its throttle: this fetch has waited for its
 * own.
 */
function mayStay({ enabled, health }: Account, now: number): boolean {
  if (!enabled || health.state === "revoked") return false
  return health.state === "ok" || health.reason === "throttled" || health.until <= now
}

async function assign(context: GatewayContext, chat: Chat, attempt: Attempt): Promise<Choice> {
  const choice = await context.store.assign(chat.sessionId, (state) =>
    selectAccount(
      { ...state, accounts: context.tokens.here(state.accounts) },
      policyOf(context, chat, attempt),
    ),
  )
  if (choice.account !== undefined && choice.paid)
    context.notify({ kind: "paid-credits", account: accountName(choice.account) })
  return choice
}

async function refuse(
  { store, runtime, notify, tokens, settings }: GatewayContext,
  out: { readonly chat: Chat; readonly attempt: Attempt; readonly unavailable: readonly Unavailable[] },
): Promise<Refusal> {
  const { chat, attempt, unavailable } = out
  const now = runtime.clock.now()
  const accounts = tokens.here(await store.list())
  const all: AllOut = {
    accounts,
    unavailable,
    attempt,
    model: chat.request.model,
    now,
    syncsKiroCli: settings.autoSyncKiroCli,
    jitter: runtime.random(),
  }
  const refusal = refusalOfAll(all)
  if (refusal.status === 402) notify({ kind: "all-parked", accounts: parkedStates(all), now })
  return refusal
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
  const { store, tokens } = context
  const others = tokens.here(await store.list()).filter(({ id }) => id !== accountId)
  const choice = selectAccount({ accounts: others, spent: new Map() }, policyOf(context, chat, attempt))
  return choice.account !== undefined
}

function policyOf({ settings, runtime }: GatewayContext, chat: Chat, attempt: Attempt): SelectionPolicy {
  return {
    strategy: settings.accountSelectionStrategy,
    useOverage: settings.useOverage,
    now: runtime.clock.now(),
    excluded: new Set(attempt.excluded.map(({ accountId }) => accountId)),
    lacksModel: ({ id }) => lacksModel(chat.model, id),
  }
}

/** An upgrade or bought credits show in the usage call before any cool-down ends. */
async function checkQuotas(
  { store, lookUps, tokens }: GatewayContext,
  { signal }: Chat,
  unavailable: readonly Unavailable[],
): Promise<void> {
  const exhausted = new Set(
    unavailable.flatMap(({ accountId, why }) => (why === "exhausted" ? accountId : [])),
  )
  const accounts = tokens.here(await store.list())
  const due = accounts.filter(
    (account) => exhausted.has(account.id) || (account.enabled && isOutOfCredits(account)),
  )
  await Promise.all(due.map(({ id }) => lookUps.usage(id, signal)))
}

/** A profile that was configured since an account was parked for want of one. */
async function findProfiles(
  { store, lookUps, tokens, settings }: GatewayContext,
  { signal }: Chat,
): Promise<void> {
  if (settings.idcProfileArn === undefined) return
  const accounts = tokens.here(await store.list()).filter(wantsProfile)
  await Promise.all(accounts.map(({ id }) => lookUps.profile(id, signal)))
}
