import {
  type AccountOverview,
  cacheShare,
  creditsText,
  cutTo,
  dayText,
  lastsUntil,
  type Quota,
  resetOf,
  shortState,
  STATE_WORDS,
  usedBar,
  usedShare,
} from "../accounts/index.ts"
import type { Board } from "../host/index.ts"
import { capitalised, plainName } from "../json.ts"
import { extraCredits, HIGH_SHARE, planName } from "../kiro/index.ts"
import { firstOf } from "../settings/index.ts"

/** `tone` names the theme colour that a line is drawn in. */
export interface PanelLine {
  readonly text: string
  readonly tone: Tone
}

export type Tone = "title" | "text" | "muted" | "warning" | "error"

export interface View {
  readonly now: number
  readonly showEmail: boolean
}

/** What the sidebar says about one session: its account, credits with two decimals, dates as days. */
export function panelLines(board: Board, view: View): PanelLine[] {
  const account = accountOf(board)
  if (board.accounts.length === 0)
    return [
      { text: "Kiro", tone: "title" },
      { text: "No account yet: /connect", tone: "muted" },
      ...problemLines(board),
    ]
  return [
    ...(account === undefined ? [] : accountLines(board, account, view)),
    ...spentLines(board),
    ...problemLines(board),
  ]
}

/** Where nothing could be read of the accounts yet. */
export function unreadLines(message: string): PanelLine[] {
  return [
    { text: "Kiro", tone: "title" },
    { text: `The accounts could not be read: ${message}`, tone: "error" },
  ]
}

/** That of the session; before its first answer, that of the project's rule, or the only one. */
function accountOf(board: Board): AccountOverview | undefined {
  const { accounts, rule } = board
  const only = accounts.length === 1 ? accounts[0] : undefined
  return servingOf(board) ?? accounts.find(({ id }) => id === rule?.account) ?? only
}

/** The one that was chosen for the session while it can answer, else the one that does. */
function servingOf(board: Board): AccountOverview | undefined {
  const [meant, other] = [board.session.accountId, board.session.otherwise].map((id) => called(board, id))
  return meant !== undefined && (other === undefined || meant.state.reason === "ready") ? meant : other
}

/** Also by the id of an account that turned out to be the same person's. */
function called({ accounts }: Board, wanted: string | undefined): AccountOverview | undefined {
  if (wanted === undefined) return undefined
  return accounts.find(({ id, joined }) => id === wanted || joined?.includes(wanted))
}

function accountLines(board: Board, account: AccountOverview, view: View): PanelLine[] {
  const { email, name, quota } = account
  return [
    { text: titleOf(quota), tone: "title" },
    { text: view.showEmail ? plainName(email ?? name) : name, tone: "text" },
    ...reasonLines(board, account, view),
    ...stateLines(account, view),
    ...creditLines(account, view),
  ]
}

/** Why it is this account, where the user said so. */
function reasonLines(board: Board, { id }: AccountOverview, { now }: View): PanelLine[] {
  const { session, rule } = board
  const chosen = session.chosen === true ? called(board, session.accountId) : undefined
  if (chosen?.id === id) return [{ text: "chosen for this session", tone: "muted" }]
  if (chosen !== undefined)
    return [{ text: `instead of ${chosen.name}: ${shortState(chosen.state, now)}`, tone: "warning" }]
  return rule?.account === id ? [{ text: `by your rule for ${rule.project}`, tone: "muted" }] : []
}

function stateLines({ state }: AccountOverview, { now }: View): PanelLine[] {
  if (state.reason === "ready") return []
  const tone = STATE_WORDS[state.reason].tone === "bad" ? "error" : "warning"
  return [{ text: capitalised(shortState(state, now)), tone }]
}

function creditLines({ quota, state }: AccountOverview, { now }: View): PanelLine[] {
  if (quota === undefined) return [{ text: "Credits not known yet", tone: "muted" }]
  const isHigh = (usedShare(quota, now) ?? 0) >= HIGH_SHARE
  return [
    { text: `${creditsText(quota)} credits`, tone: isHigh ? "warning" : "text" },
    ...(quota.resetAt !== undefined && quota.resetAt > now
      ? [{ text: `Resets ${dayText(quota.resetAt, now)}`, tone: "muted" } as const]
      : []),
    ...extraCredits(quota, now).flatMap((extra): PanelLine[] => [
      { text: `${plainName(extra.name)} ${creditsText(extra)}`, tone: "muted" },
      ...(extra.expiresAt === undefined
        ? []
        : [{ text: `  until ${dayText(extra.expiresAt, now)}`, tone: "muted" } as const]),
    ]),
    ...(quota.overage.used > 0
      ? [{ text: `Paid beyond the plan ${credits(quota.overage.used)}`, tone: "warning" } as const]
      : []),
    // The credits are what Kiro told of last: a refusal since knows better.
    ...(state.reason === "monthly-quota" ? [] : paceLines(quota, now)),
  ]
}

/** Nothing is said of a pace that the credits outlast. */
function paceLines(quota: Quota, now: number): PanelLine[] {
  const until = lastsUntil(quota, now)
  if (until === undefined || until >= resetOf(quota, now)) return []
  return [{ text: `Lasts until ${dayText(until, now)} at this pace`, tone: "warning" }]
}

function spentLines({ session, today }: Board): PanelLine[] {
  const { lastTurnCredits, cache } = session
  const { budget } = today
  const left = budget === undefined ? "" : ` of ${credits(budget)}${today.lifted ? ", lifted" : ""}`
  const isHigh = budget !== undefined && !today.lifted && today.credits >= budget * HIGH_SHARE
  return [
    ...(lastTurnCredits === undefined
      ? []
      : [
          {
            text: `Last turn ${credits(lastTurnCredits)}, session ${credits(session.credits)}`,
            tone: "muted",
          } as const,
        ]),
    ...(cache === undefined
      ? []
      : [{ text: `${cacheShare(cache)} of input from Kiro's cache`, tone: "muted" } as const]),
    ...(today.credits > 0 || budget !== undefined
      ? [{ text: `Today ${credits(today.credits)}${left}`, tone: isHigh ? "warning" : "muted" } as const]
      : []),
  ]
}

function problemLines({ problems }: Board): PanelLine[] {
  const text = firstOf(problems, "/kiro")
  return text === undefined ? [] : [{ text, tone: "error" }]
}

function titleOf(quota: Quota | undefined): string {
  return quota?.plan === undefined ? "Kiro" : planName(quota.plan)
}

/** One account in a list: its name, what it is and has, and how much of it is used. */
export interface AccountRow {
  readonly title: string
  readonly description: string
  readonly footer: string
}

/** Of a bar with "100 %". */
const FOOTER_CELLS = 14
/** A longer name would leave no room for its state at 80 columns. */
const NAME_CELLS = 28

export function accountRow(account: AccountOverview, board: Board, { now, showEmail }: View): AccountRow {
  const { name, email, quota, state } = account
  const parts = [
    // The host cuts a long row short at its end: the plan is missed least.
    ...(state.reason === "ready" ? [] : [shortState(state, now)]),
    quota === undefined ? "credits not known yet" : creditsText(quota),
    ...(servingOf(board)?.id === account.id ? ["this session"] : []),
    ...(board.rule?.account === account.id ? ["this project"] : []),
    titleOf(quota),
  ]
  return {
    title: cutTo(showEmail ? plainName(email ?? name) : name, NAME_CELLS),
    description: parts.join(" · "),
    // The host sets it right: of one length the bars stand below each other.
    footer: quota === undefined ? "" : usedBar(quota, now).padEnd(FOOTER_CELLS),
  }
}

/** All that is known of one account, where there is room for it: what its panel shows, and what helps it. */
export function accountDetails(account: AccountOverview, view: View): string {
  const { email, quota, remedy = "", state } = account
  const lines = [
    titleOf(quota),
    ...(view.showEmail && email !== undefined ? [plainName(email)] : []),
    ...(state.reason === "ready" ? [] : [capitalised(shortState(state, view.now))]),
    ...creditLines(account, view).map(({ text }) => text),
  ]
  return [lines.join("\n"), ...(remedy === "" ? [] : [remedy])].join("\n\n")
}

function credits(amount: number): string {
  return amount.toFixed(2)
}
