import {
  type Account,
  accountName,
  type AccountState,
  briefName,
  groupedStates,
  type NamedState,
  remedyOf,
  STATE_WORDS,
  stateOfHealth,
  type Unavailable,
  untilText,
} from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import { ownCommand } from "../../settings/index.ts"
import type { Progress } from "../attempt/progress.ts"
import type { Refusal } from "../chat-call.ts"
import { jittered } from "../recover/decide.ts"
import { describeFailure, failureRemedy, quote, stateBehind, statusOf, whatFailed } from "./failures.ts"
import { noAccount, outOfSends } from "./texts.ts"

export interface AllOut {
  readonly accounts: readonly Account[]
  readonly unavailable: readonly Unavailable[]
  /** Accounts that failed in this chat. */
  readonly excluded: Progress["excluded"]
  /** As the host calls it. */
  readonly model: string
  readonly now: number
  readonly syncsKiroCli: boolean
  /** The account database can't be used. */
  readonly isUnread: boolean
  /** The user removed one. */
  readonly hasRemoved: boolean
  /** Uniform in [0, 1). */
  readonly jitter: number
}

/** The accounts that one chat asked, as they are now, with what each failed with. */
export interface Tried extends Pick<AllOut, "model" | "now" | "jitter"> {
  readonly tried: AllOut["excluded"]
  /** As many as the user allows. */
  readonly sends: number
}

/** Why an account can't answer now. */
export type Obstacle =
  | { readonly kind: "state"; readonly state: AccountState }
  | { readonly kind: "lacks-model" }
  /** In this chat, without anything that is held against the account. */
  | { readonly kind: "failed"; readonly failure: KiroFailure }

export interface HinderedAccount {
  readonly account: Account
  readonly obstacle: Obstacle
}

/**
 * The one answer where no account can serve: fatal where only a person or a new month can help, a wait for the host
 * where a throttle or a fault passes by itself.
 */
export function refusalOfAll(out: AllOut): Refusal {
  return out.accounts.length === 0
    ? { status: 401, message: noAccount(out) }
    : refusalOfThese(hinderedAccounts(out), out)
}

/** The same of those that were asked, where the user allows no send to another that could serve. */
export function refusalOfTried({ tried, sends, ...out }: Tried): Refusal {
  const hindered = tried.map((each) => ({ account: each.account, obstacle: obstacleBehind(each, out.now) }))
  const refusal = refusalOfThese(hindered, { ...out, who: "no account that was asked" })
  return { ...refusal, message: `${refusal.message} ${outOfSends(sends)}` }
}

function refusalOfThese(hindered: readonly HinderedAccount[], out: Told & Pick<AllOut, "jitter">): Refusal {
  const { now, jitter } = out
  const message = noneLeft(hindered, out)
  const wait = waitFor(hindered, now)
  if (wait !== undefined) return { status: 429, message, retryAfterMs: jittered(wait, jitter) }
  const statuses = hindered.map(({ obstacle }) => obstacleStatus(obstacle))
  return { status: Math.max(400, ...statuses), message }
}

/** How long until the first of those that are only throttled may answer. */
function waitFor(hindered: readonly HinderedAccount[], now: number): number | undefined {
  const waits = hindered.flatMap(({ obstacle }) => waitOf(obstacle, now) ?? [])
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/** Where a throttle ended while the chat asked others: it asks no account twice. */
const A_MOMENT_MS = 1000

function waitOf(obstacle: Obstacle, now: number): number | undefined {
  if (obstacle.kind === "failed") return obstacle.failure.kind === "throttled" ? A_MOMENT_MS : undefined
  if (obstacle.kind !== "state" || obstacle.state.reason !== "throttled") return undefined
  return (obstacle.state.until ?? now) - now
}

/** For the notice that goes with it: what is no state of an account is left out. */
export function statesOf(out: AllOut): readonly NamedState[] {
  return hinderedAccounts(out).flatMap(({ account, obstacle }) =>
    obstacle.kind === "state" ? [{ name: briefName(account), state: obstacle.state }] : [],
  )
}

function hinderedAccounts(out: AllOut): readonly HinderedAccount[] {
  return out.unavailable.map((entry) => ({ account: entry.account, obstacle: obstacleOf(out, entry) }))
}

/** What the chat failed with says less than the health that came of it. */
function obstacleOf({ excluded, now }: AllOut, entry: Unavailable): Obstacle {
  const { account, reason, ...rest } = entry
  switch (reason) {
    case "lacks-model":
      return { kind: reason }
    case "excluded": {
      const failure = excluded.findLast((left) => left.account.id === account.id)?.failure
      return obstacleBehind({ account, failure }, now)
    }
    default:
      return { kind: "state", state: { reason, ...rest } }
  }
}

function obstacleBehind(
  { account, failure }: { readonly account: Account; readonly failure: KiroFailure | undefined },
  now: number,
): Obstacle {
  const behind = failure && stateBehind(failure)
  const state = stateOfHealth(account.health, now) ?? (behind && { reason: behind })
  if (failure === undefined || state !== undefined)
    return { kind: "state", state: state ?? { reason: "unavailable" } }
  return { kind: "failed", failure }
}

function obstacleStatus(obstacle: Obstacle): number {
  switch (obstacle.kind) {
    case "state":
      return STATE_WORDS[obstacle.state.reason].status
    case "lacks-model":
      return statusOf({ kind: "invalid-model", status: 0 })
    case "failed":
      return statusOf(obstacle.failure)
    default:
      return obstacle satisfies never
  }
}

/** Up to this many accounts are told of one by one; more are counted. */
const MOST_SENTENCES = 3
/** What helps more kinds of trouble than these would be a wall of text. */
const MOST_REMEDIES = 2

interface Told extends Pick<AllOut, "model" | "now"> {
  /** Of whom it is said. */
  readonly who?: string
}

export function noneLeft(hindered: readonly HinderedAccount[], told: Told): string {
  const { model, now, who = "no account" } = told
  const [only, another] = hindered
  // What one account failed with is a sentence of its own: nothing has to be told apart.
  if (only?.obstacle.kind === "failed" && another === undefined)
    return describeFailure(only.obstacle.failure, { account: only.account, model })
  const wait = waitFor(hindered, now)
  // While it waits OpenCode shows as much of the text as fits a line: the time stands in front.
  const beginning = `Kiro: ${who} can answer now${wait === undefined ? "" : `, ${untilText(now + wait, now)}`}.`
  if (hindered.length <= MOST_SENTENCES) {
    const lines = hindered.map((each) => `${accountName(each.account)}: ${why(each, told)}`)
    const isListed = lines.some((line) => line.includes("\n"))
    const [between, end] = isListed ? ["\n", "\n"] : ["; ", ". "]
    return `${beginning} ${lines.join(between)}${end}${remediesFor(hindered).join(" ")}`.trim()
  }
  const counts = groupedStates(hindered.map(namedState), now)
  const each = firstOfEachReason(hindered)
  const others =
    each.length > MOST_REMEDIES ? [`What helps the others: /kiro, or \`${ownCommand()} doctor\`.`] : []
  return [`${beginning} ${counts}.`, ...each.slice(0, MOST_REMEDIES), ...others].join(" ")
}

function why({ account, obstacle }: HinderedAccount, { model, now }: Told): string {
  switch (obstacle.kind) {
    case "state": {
      const { reason, until, said = "", profiles = [] } = obstacle.state
      const back = until === undefined ? "" : `, ${untilText(until, now)}`
      // On a line of its own even a terminal of 80 columns breaks none.
      const choice = profiles.map((arn, index) => `\n${index + 1}. ${arn}`).join("")
      return saying(`${STATE_WORDS[reason].because}${back}${choice === "" ? "" : `:${choice}`}`, said)
    }
    case "lacks-model":
      return `is not offered ${model}`
    case "failed":
      return saying(whatFailed(obstacle.failure, { account, model }, "it"), obstacle.failure.message)
    default:
      return obstacle satisfies never
  }
}

function saying(what: string, words: string): string {
  const quoted = quote(words)
  return quoted === "" ? what : `${what} (${quoted})`
}

/** Each once, with every account that it helps. */
function remediesFor(hindered: readonly HinderedAccount[]): readonly string[] {
  // Those that differ by the account's name alone are one.
  const helped = Map.groupBy(hindered, ({ account, obstacle }) =>
    remedyFor({ account: { ...account, id: "", label: "" }, obstacle }),
  )
  helped.delete("")
  return [...helped.values()].flatMap(([first, ...others]) =>
    first === undefined
      ? []
      : remedyFor(
          first,
          others.map(({ account }) => account),
        ),
  )
}

function remedyFor({ account, obstacle }: HinderedAccount, others: readonly Account[] = []): string {
  switch (obstacle.kind) {
    case "state":
      return remedyOf(account, obstacle.state, ownCommand(), others)
    case "lacks-model":
      return failureRemedy({ kind: "invalid-model", status: 0, message: "" }, account)
    case "failed":
      return failureRemedy(obstacle.failure, account)
    default:
      return obstacle satisfies never
  }
}

/** What keeps an account from this chat alone counts as unavailable. */
function namedState({ account, obstacle }: HinderedAccount): NamedState {
  const state = obstacle.kind === "state" ? obstacle.state : ({ reason: "unavailable" } as const)
  return { name: briefName(account), state }
}

function firstOfEachReason(hindered: readonly HinderedAccount[]): readonly string[] {
  const reasons = hindered.map(({ obstacle }) =>
    obstacle.kind === "state" ? obstacle.state.reason : obstacle.kind,
  )
  const firsts = hindered.filter((_, index) => reasons.indexOf(reasons[index] ?? "ready") === index)
  return [...new Set(firsts.map((first) => remedyFor(first)))].filter((text) => text !== "")
}
