import {
  type Account,
  accountName,
  type CacheUse,
  cacheShare,
  creditsOf,
  creditsText,
  dayText,
  isMeant,
  lastsUntil,
  localDay,
  resetOf,
  stateOf,
  type StoredTurn,
} from "../accounts/index.ts"
import { capitalised, plainText, present } from "../json.ts"
import { listAccounts } from "./accounts.ts"
import type { Command, UsageGroup } from "./command-line.ts"
import { type Context, mustBeKept } from "./context.ts"
import type { Column, Terminal } from "./terminal.ts"

const DAY_MS = 24 * 3_600_000

/** Asks Kiro for the credits of every account now, then shows the list. */
export async function showUsage(context: Context, { json }: { readonly json: boolean }): Promise<boolean> {
  const { store, terminal, lookUps, runtime, command } = context
  const startedAt = runtime.clock.now()
  const accounts = await store.list()
  const wanted = accounts.filter(({ enabled }) => enabled)
  const many = wanted.length === 1 ? "one account" : `${wanted.length} accounts`
  const asking = (): Promise<unknown> => Promise.all(wanted.map(({ id }) => lookUps.usageNow(id)))
  if (wanted.length > 0) await terminal.progress(`Asking Kiro about ${many}`, asking)
  await listAccounts(context, { json })
  const silent = (await store.list()).filter(
    ({ id, quota }) => wanted.some((account) => account.id === id) && (quota?.checkedAt ?? 0) < startedAt,
  )
  for (const account of silent) {
    const what = `${accountName(account)}: Kiro did not say what it has used`
    terminal.warn(`${what}; for the reason run \`${command} doctor\`.`)
  }
  return silent.length === 0
}

interface Spent {
  readonly key: string
  readonly name: string
  readonly requests: number
  readonly failed: number
  readonly credits: number
  /** Absent where the service told of no cache. */
  readonly cache?: CacheUse
}

/** What was spent through this computer: a bar for each day, then a table. */
export async function showHistory(
  context: Context,
  { days, by, csv, json }: Extract<Command, { name: "history" }>,
): Promise<void> {
  const { store, terminal, runtime, settings } = context
  const now = runtime.clock.now()
  const dates = lastDays(days, now)
  const turns = (await store.turns({ since: now - (days + 1) * DAY_MS })).filter(({ day }) =>
    dates.includes(day),
  )
  const accounts = await store.listAll()
  const ofDay = Map.groupBy(turns, ({ day }) => day)
  const perDay = dates.map((day) => sum(ofDay.get(day) ?? [], day))
  const groups = grouped(turns, by, accounts)
  const total = sum(turns, "total")
  const pace = paceOf(accounts, { now, useOverage: settings.useOverage })
  if (json) {
    const document = {
      days,
      by,
      total: plain(total),
      perDay: perDay.map(plain),
      groups: groups.map(plain),
      pace,
    }
    return terminal.json(document)
  }
  if (csv) return terminal.out(csvOf(by, by === "day" ? perDay : groups))
  const period = days === 1 ? "today" : `in the last ${days} days`
  if (turns.length === 0) return terminal.say(`Nothing was asked of Kiro ${period} from this computer.`)
  terminal.out(chart(perDay, context))
  terminal.out("")
  if (by !== "day") {
    terminal.out(groupTable(terminal, { by, groups, total }))
    terminal.out("")
  }
  const average = days === 1 ? "" : `, ${(total.credits / days).toFixed(2)} a day`
  terminal.say(`${total.credits.toFixed(2)} credits ${days === 1 ? period : `in ${days} days`}${average}.`)
  if (total.cache !== undefined)
    terminal.say(`${cacheShare(total.cache)} of the input came from Kiro's cache.`)
  for (const line of paceTexts(pace, now)) terminal.say(line)
}

function groupTable(
  terminal: Terminal,
  {
    by,
    groups,
    total,
  }: { readonly by: UsageGroup; readonly groups: readonly Spent[]; readonly total: Spent },
): string {
  const columns: readonly Column[] = [
    // The end of a folder says most.
    { title: capitalised(by), shrinks: by === "project" ? "left" : "right" },
    { title: "Requests", align: "right", expendable: 2 },
    { title: "Failed", align: "right", expendable: 3 },
    { title: "Credits", align: "right" },
    { title: "Share", align: "right", expendable: 1 },
    { title: "From cache", align: "right", expendable: 4 },
  ]
  const rows = groups.map(({ name, requests, failed, credits, cache }) => [
    plainText(name),
    String(requests),
    failed === 0 ? "" : String(failed),
    credits.toFixed(2),
    total.credits > 0 ? `${Math.round((credits / total.credits) * 100)} %` : "",
    cache === undefined ? "" : cacheShare(cache),
  ])
  return terminal.table(columns, rows)
}

function plain({ key, name, requests, failed, credits, cache }: Spent) {
  return { key, name, requests, failed, credits: Math.round(credits * 10_000) / 10_000, cache: cache ?? null }
}

/** The local days up to today, `2026-11-29`, the oldest first. */
function lastDays(days: number, now: number): readonly string[] {
  const today = new Date(now)
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - index))
    return localDay(date.getTime())
  })
}

function grouped(
  turns: readonly StoredTurn[],
  by: UsageGroup,
  accounts: readonly Account[],
): readonly Spent[] {
  const accountOf = accountFinder(accounts)
  const nameOf = (id: string): string => {
    const account = accountOf(id)
    return account === undefined ? "a removed account" : accountName(account)
  }
  const rootOf = rootsOf(turns)
  const keyOf = (turn: StoredTurn): string => {
    switch (by) {
      case "day":
        return turn.day
      case "model":
        return turn.modelId ?? "?"
      case "account":
        return accountOf(turn.accountId)?.id ?? turn.accountId
      case "session":
        return rootOf(turn.sessionId)
      case "project":
        return turn.project ?? "?"
      case "purpose":
        return turn.parentSessionId === undefined ? (turn.purpose ?? "main") : "subagent"
      default:
        return by satisfies never
    }
  }
  return [...Map.groupBy(turns, keyOf)]
    .map(([key, group]) => sum(group, key, by === "account" ? nameOf(key) : key))
    .toSorted((one, other) => (by === "day" ? one.key.localeCompare(other.key) : other.credits - one.credits))
}

/** Also by the id of one that turned out to be the same person's while it answered. */
function accountFinder(accounts: readonly Account[]): (id: string) => Account | undefined {
  const known = new Map<string, Account | undefined>(accounts.map((account) => [account.id, account]))
  return (id) => {
    if (!known.has(id))
      known.set(
        id,
        accounts.find((account) => isMeant(account, id)),
      )
    return known.get(id)
  }
}

/** A subagent's credits are those of the session that it works for, at the end of all that stand between. */
function rootsOf(turns: readonly StoredTurn[]): (sessionId: string) => string {
  const parents = new Map(turns.map(({ sessionId, parentSessionId }) => [sessionId, parentSessionId]))
  const roots = new Map<string, string>()
  const above = (id: string): string | undefined => roots.get(id) ?? parents.get(id)
  return (sessionId) => {
    let root = sessionId
    const way = new Set([root])
    for (let next = above(root); next !== undefined && !way.has(next); next = above(root)) {
      way.add(next)
      root = next
    }
    for (const id of way) roots.set(id, root)
    return root
  }
}

function sum(turns: readonly StoredTurn[], key: string, name = key): Spent {
  return {
    key,
    name,
    requests: turns.length,
    failed: turns.filter(({ failed }) => failed === true).length,
    credits: turns.reduce((credits, turn) => credits + turn.credits, 0),
    ...present({ cache: cacheOf(turns) }),
  }
}

function cacheOf(turns: readonly StoredTurn[]): CacheUse | undefined {
  const told = turns.flatMap(({ inputTokens, cacheReadTokens: readTokens, cacheWriteTokens = 0 }) =>
    inputTokens === undefined || readTokens === undefined
      ? []
      : [{ inputTokens, readTokens, writeTokens: cacheWriteTokens }],
  )
  if (told.length === 0) return undefined
  return told.reduce((sum, next) => ({
    inputTokens: sum.inputTokens + next.inputTokens,
    readTokens: sum.readTokens + next.readTokens,
    writeTokens: sum.writeTokens + next.writeTokens,
  }))
}

const WIDEST_BAR = 50

function chart(days: readonly Spent[], { terminal }: Context): string {
  const most = Math.max(...days.map(({ credits }) => credits), 0)
  const room = Math.max(10, Math.min(WIDEST_BAR, (terminal.columns ?? 80) - 24))
  return days
    .map(({ key, credits }) => {
      const eighths = most > 0 ? Math.round((credits / most) * room * 8) : 0
      const bar =
        "█".repeat(Math.floor(eighths / 8)) + (["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "")
      const date = new Date(`${key}T10:30:00`)
      const label = `${date.toLocaleDateString("en-US", { weekday: "short" })} ${dayText(date.getTime(), date.getTime())}`
      return `${terminal.paint("muted", label.padEnd(10))} ${credits.toFixed(2).padStart(9)}  ${bar}`.trimEnd()
    })
    .join("\n")
}

interface Pace {
  readonly account: string
  readonly remaining: number
  /** ISO 8601; `null` where they last until they start again. */
  readonly lastsUntil: string | null
}

/** By what Kiro itself counts, other programs' use included; not where it has refused for want of credits since. */
function paceOf(accounts: readonly Account[], at: Parameters<typeof stateOf>[1]): readonly Pace[] {
  const { now } = at
  return accounts.flatMap((account): Pace[] => {
    const { quota, removedAt } = account
    if (quota === undefined || removedAt !== undefined) return []
    const end = lastsUntil(quota, now)
    if (end === undefined || stateOf(account, at).reason === "monthly-quota") return []
    const isBefore = end < resetOf(quota, now)
    return [
      {
        account: accountName(account),
        remaining: creditsOf(quota, now).left,
        lastsUntil: isBefore ? new Date(end).toISOString() : null,
      },
    ]
  })
}

/** Beside those whose credits end too soon, at most so many are told of one by one. */
const MOST_LASTING = 3

function paceTexts(pace: readonly Pace[], now: number): readonly string[] {
  const lasting = pace.filter(({ lastsUntil: end }) => end === null)
  if (lasting.length <= MOST_LASTING) return pace.map((each) => paceText(each, now))
  const ending = pace.filter(({ lastsUntil: end }) => end !== null).map((each) => paceText(each, now))
  const others = ending.length === 0 ? "accounts" : "other accounts"
  return [...ending, `${lasting.length} ${others} have enough at this pace until their credits start again.`]
}

function paceText({ account, remaining, lastsUntil: end }: Pace, now: number): string {
  const lasts =
    end === null ? "enough until they start again" : `they last until ${dayText(Date.parse(end), now)}`
  return `${account}: ${remaining.toFixed(2)} left; at this pace ${lasts}.`
}

function csvOf(by: string, rows: readonly Spent[]): string {
  const cell = (text: string): string => {
    // A cell that begins so would be a formula in a spreadsheet.
    const safe = /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  }
  const lines = rows.map(({ name, requests, failed, credits, cache }) =>
    [
      cell(name),
      requests,
      failed,
      credits.toFixed(4),
      cache?.inputTokens,
      cache?.readTokens,
      cache?.writeTokens,
    ].join(","),
  )
  const columns = "requests,failed,credits,input_tokens,cache_read_tokens,cache_write_tokens"
  return [`${by},${columns}`, ...lines].join("\n")
}

/** What the user's own daily budget has left; `lift` takes it away until midnight. */
export async function showBudget(
  context: Context,
  { lift, json }: Extract<Command, { name: "budget" }>,
): Promise<void> {
  const { store, terminal, runtime, settings, paths } = context
  const day = localDay(runtime.clock.now())
  const { dailyCreditBudget: limit } = settings
  // OpenCode may have been started with a budget that this shell does not know.
  if (lift) {
    await store.liftBudget(day)
    mustBeKept(context)
  }
  const { credits: used, lifted } = await store.spentOn(day)
  if (json) return terminal.json({ day, used, limit: limit ?? null, lifted })
  if (limit === undefined) {
    terminal.say(
      `${used.toFixed(2)} credits today. There is no budget: daily_credit_budget sets one, in ${paths.settingsFile}`,
    )
    if (lifted) terminal.out("Any that OpenCode was started with is lifted until midnight.")
    return
  }
  terminal.out(`${creditsText({ used, limit })} credits today.`)
  if (lifted) terminal.out("The budget is lifted until midnight.")
  else if (used >= limit) terminal.say(`It is used up: ${waitingForBudget(context.command)}`)
}

export function waitingForBudget(command: string): string {
  return `new messages wait for tomorrow, or for: \`${command} budget lift\``
}
