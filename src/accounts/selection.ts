import type { SelectionStrategy } from "../settings/index.ts"
import type { Account } from "./account.ts"
import { hasRoom, paysOverage, remainingShare, resetOf } from "./quota.ts"

/** What the store knows when a session needs an account. */
export interface ChoiceState {
  readonly accounts: readonly Account[]
  /** The account that the session has. */
  readonly accountId?: string
  /** Credits of our own turns since the last usage call, by account. */
  readonly spent: ReadonlyMap<string, number>
}

export type Unavailable =
  | { readonly accountId: string; readonly why: "disabled" | "no-login" | "lacks-model" | "excluded" }
  /** Parked, suspended or logged out: `account.health` says until when and why. */
  | { readonly accountId: string; readonly why: "health" }
  | { readonly accountId: string; readonly why: "exhausted"; readonly until: number }

export type Choice =
  /** `paid`: credits beyond the account's limit, which cost money. */
  | { readonly account: Account; readonly kept: boolean; readonly paid: boolean }
  | { readonly account?: undefined; readonly unavailable: readonly Unavailable[] }

export interface SelectionPolicy {
  readonly strategy: SelectionStrategy
  readonly useOverage: boolean
  readonly now: number
  /** Accounts that this request has already failed with. */
  readonly excluded?: ReadonlySet<string>
  /** Whether the account is known to lack the asked model. */
  readonly lacksModel?: (account: Account) => boolean
  /** The user's choice for new conversations, before the strategy's, as long as it costs no money that others don't. */
  readonly preferredAccountId?: string | undefined
}

/**
 * The account for one request. A conversation keeps its account while that can serve; otherwise the strategy chooses
 * among the logged-in ones, then `KIRO_API_KEY`, then those that cost money beyond their limit.
 */
export function selectAccount(state: ChoiceState, policy: SelectionPolicy): Choice {
  const judged = state.accounts.map((account) => ({ account, why: whyNot(account, policy) }))
  const able = judged.filter(({ why }) => why === undefined).map(({ account }) => account)
  if (able.length === 0) return { unavailable: judged.flatMap(({ why }) => why ?? []) }
  const best = Math.min(...able.map((account) => tierOf(account, policy.now)))
  const tier = able.filter((account) => tierOf(account, policy.now) === best)
  const paid = best >= PAID_TIER
  const own = able.find((account) => account.id === state.accountId)
  // Money counts more than the prompt cache: a conversation leaves an account that began to cost.
  if (own !== undefined && (tierOf(own, policy.now) < PAID_TIER || paid))
    return { account: own, kept: true, paid }
  const account =
    tier.find(({ id }) => id === policy.preferredAccountId) ?? tier.toSorted(orderOf(policy, state))[0]
  return account === undefined ? { unavailable: [] } : { account, kept: false, paid }
}

const PAID_TIER = 2

function tierOf(account: Account, now: number): number {
  const usable = account.logins.filter((login) => login.revoked === undefined)
  const byKey = usable.every((login) => login.source === "environment") ? 1 : 0
  return byKey + (hasRoom(account.quota, now) ? 0 : PAID_TIER)
}

function orderOf(policy: SelectionPolicy, { spent }: ChoiceState): (left: Account, right: Account) => number {
  const longestAgo = (left: Account, right: Account): number => left.assignment - right.assignment
  switch (policy.strategy) {
    case "sticky":
      return (left, right) => right.assignment - left.assignment
    case "round-robin":
      return longestAgo
    case "lowest-usage": {
      const share = (account: Account): number =>
        remainingShare({ quota: account.quota, spent: spent.get(account.id) ?? 0, now: policy.now })
      return (left, right) => share(right) - share(left) || longestAgo(left, right)
    }
    default: {
      const never: never = policy.strategy
      return never
    }
  }
}

function whyNot(account: Account, policy: SelectionPolicy): Unavailable | undefined {
  const { health, quota, id: accountId } = account
  if (policy.excluded?.has(accountId)) return { accountId, why: "excluded" }
  if (!account.enabled) return { accountId, why: "disabled" }
  if (health.state === "revoked") return { accountId, why: "health" }
  if (account.logins.every((login) => login.revoked !== undefined)) return { accountId, why: "no-login" }
  if (health.state === "cooling" && health.until > policy.now) return { accountId, why: "health" }
  if (policy.lacksModel?.(account)) return { accountId, why: "lacks-model" }
  if (quota === undefined || hasRoom(quota, policy.now)) return undefined
  if (policy.useOverage && paysOverage(quota)) return undefined
  return { accountId, why: "exhausted", until: resetOf(quota, policy.now) }
}
