import type { AccountRule, SelectionStrategy } from "../settings/index.ts"
import type { Account } from "./account.ts"
import { type AccountState, hindranceOf, type StateReason, wantOfCredits } from "./health.ts"
import { isCalled, isMeant } from "./name.ts"
import { hasRoom, remainingShare } from "./quota.ts"

/** What the store knows when a session needs an account. */
export interface ChoiceState {
  readonly accounts: readonly Account[]
  /** The account that the session has. */
  readonly accountId?: string
  /** The account that the user chose for the session. */
  readonly chosenAccountId?: string
  /** Credits of our own turns since the account's last usage call; asked only where its share counts. */
  readonly spent?: (account: Account) => number
}

/** An account that can't serve the request. `excluded`: the request has failed with it. */
export interface Unavailable extends Omit<AccountState, "reason"> {
  readonly account: Account
  readonly reason: StateReason | "excluded" | "lacks-model"
}

export type Choice =
  | {
      readonly account: Account
      readonly kept: boolean
      /** Credits beyond the account's limit, which cost money. */
      readonly paid: boolean
      /** The account that a rule of the user names, which can't serve. */
      readonly insteadOf?: string
    }
  | {
      readonly account?: undefined
      readonly unavailable: readonly Unavailable[]
      /** The rule that allows no other account. */
      readonly rule?: AccountRule
      /** When an account that costs nothing can serve: soon enough to wait for, where another one would cost money. */
      readonly freeAt?: number
    }

export interface SelectionPolicy {
  readonly strategy: SelectionStrategy
  readonly useOverage: boolean
  readonly now: number
  /** Accounts that this request has already failed with. */
  readonly excluded?: ReadonlySet<string>
  /** Whether the account is known to lack the asked model. */
  readonly lacksModel?: (account: Account) => boolean
  /** The account that the user chose for the session which this one, a subagent's, works for. */
  readonly chosenAbove?: string | undefined
  /** The user's choice for new conversations, before the strategy's, as long as it costs no money that others don't. */
  readonly preferredAccountId?: string | undefined
  /** The user's rule for the project, which counts for every request. */
  readonly projectRule?: AccountRule | undefined
  /** The one for the agent, the model or everything, which counts for new conversations. */
  readonly newRule?: AccountRule | undefined
  /** Per cent of an account's credits that new conversations leave while another account has more. */
  readonly reserve?: number
  /** So long, in ms, a request rather waits than costs money. */
  readonly patienceMs?: number
}

/**
 * The account for one request: the user's choice for the session, a rule for the project, the account that the
 * conversation has; for a new one a rule for agent or model, then the strategy. It chooses among the logged-in ones,
 * then `KIRO_API_KEY`, then those that cost money beyond their limit, unless a free one is worth waiting for.
 */
export function selectAccount(state: ChoiceState, policy: SelectionPolicy): Choice {
  const choice = chooseNow(state, policy)
  if (choice.account === undefined || !choice.paid) return choice
  const { now, patienceMs = 0 } = policy
  const later = chooseNow(state, { ...policy, now: now + patienceMs })
  if (later.account === undefined || later.paid) return choice
  const { health } = later.account
  return health.state === "cooling" && health.until > now ? { unavailable: [], freeAt: health.until } : choice
}

function chooseNow(state: ChoiceState, policy: SelectionPolicy): Choice {
  const judged = state.accounts.map((account) => ({ account, why: whyNot(account, policy) }))
  const able = judged.filter(({ why }) => why === undefined).map(({ account }) => account)
  // What rests is asked whose its successor is where the user or the conversation means this very account.
  const meant = judged
    .filter(({ why }) => why === undefined || why.reason === "resting")
    .map(({ account }) => account)
  const unavailable = judged.flatMap(({ why }) => why ?? [])
  const give = (account: Account, more: { readonly insteadOf?: string } = {}): Choice => ({
    account,
    kept: account.id === state.accountId,
    paid: tierOf(account, policy.now) >= PAID_TIER,
    ...more,
  })
  const { projectRule: ofProject, newRule: ofTask } = policy
  const wanted = state.chosenAccountId ?? policy.chosenAbove
  const chosen = meant.find((account) => isCalled(account, wanted))
  if (chosen !== undefined) return give(chosen)
  const byProject = meant.find((account) => isMeant(account, ofProject?.account))
  if (byProject !== undefined) return give(byProject)
  if (ofProject?.fallback === false) return { unavailable, rule: ofProject }
  const missed = ofProject === undefined ? {} : { insteadOf: ofProject.account }
  const best = Math.min(...able.map((account) => tierOf(account, policy.now)))
  const own = meant.find((account) => account.id === state.accountId)
  // Money counts more than the prompt cache: a conversation leaves an account that began to cost.
  if (own !== undefined && (tierOf(own, policy.now) < PAID_TIER || best >= PAID_TIER))
    return give(own, missed)
  const byTask = able.find((account) => isMeant(account, ofTask?.account))
  if (byTask !== undefined) return give(byTask, missed)
  if (ofTask?.fallback === false) return { unavailable, rule: ofTask }
  const tier = able.filter((account) => tierOf(account, policy.now) === best)
  const share = shareReader(state, policy.now)
  const account =
    tier.find((each) => isCalled(each, policy.preferredAccountId)) ??
    aboveReserve(tier, policy, share).toSorted(orderOf(policy, share))[0]
  if (account === undefined) return { unavailable }
  return give(account, ofTask === undefined ? missed : { insteadOf: ofTask.account })
}

type ReadShare = (account: Account) => number

/** What is left of an account's credits, worked out once for each. */
function shareReader({ spent = () => 0 }: ChoiceState, now: number): ReadShare {
  const shares = new Map<Account, number>()
  return (account) => {
    const share = shares.get(account) ?? remainingShare({ quota: account.quota, spent: spent(account), now })
    shares.set(account, share)
    return share
  }
}

function aboveReserve(
  accounts: readonly Account[],
  { reserve = 0 }: SelectionPolicy,
  share: ReadShare,
): readonly Account[] {
  if (reserve <= 0) return accounts
  const above = accounts.filter((account) => share(account) * 100 > reserve)
  return above.length > 0 ? above : accounts
}

const PAID_TIER = 2

function tierOf(account: Account, now: number): number {
  const usable = account.logins.filter((login) => login.revoked === undefined)
  const byKey = usable.every((login) => login.source === "environment") ? 1 : 0
  return byKey + (hasRoom(account.quota, now) ? 0 : PAID_TIER)
}

function orderOf(policy: SelectionPolicy, share: ReadShare): (left: Account, right: Account) => number {
  const longestAgo = (left: Account, right: Account): number => left.assignment - right.assignment
  switch (policy.strategy) {
    case "sticky":
      return (left, right) => right.assignment - left.assignment
    case "round-robin":
      return longestAgo
    case "lowest-usage":
      return (left, right) => share(right) - share(left) || longestAgo(left, right)
    default:
      return policy.strategy satisfies never
  }
}

function whyNot(account: Account, policy: SelectionPolicy): Unavailable | undefined {
  const { health } = account
  const { now } = policy
  if (policy.excluded?.has(account.id)) return { account, reason: "excluded" }
  // A choice of profiles stays open, and is not waited for any longer.
  const isOver = health.state === "cooling" && health.until <= now
  const hindrance = hindranceOf(isOver ? { ...account, health: { state: "ok" } } : account, now)
  if (hindrance !== undefined) return { account, ...hindrance }
  if (policy.lacksModel?.(account)) return { account, reason: "lacks-model" }
  const want = wantOfCredits(account, policy)
  return want && { account, ...want }
}
