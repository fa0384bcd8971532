import {
  type AccountOverview,
  dayText,
  type SessionOverview,
  shortState,
  STATE_WORDS,
  stateOfHealth,
} from "../accounts/index.ts"

/** `tone` names the theme colour that a line is drawn in. */
export interface PanelLine {
  readonly text: string
  readonly tone: "title" | "text" | "muted" | "warning" | "error"
}

export interface PanelInput {
  readonly account: AccountOverview
  readonly session: SessionOverview
  readonly now: number
  readonly showEmail: boolean
}

const WARN_SHARE = 0.8

/** What the sidebar says about the account of one session: credits with two decimals, dates as days. */
export function panelLines({ account, session, now, showEmail }: PanelInput): PanelLine[] {
  return [...accountLines({ account, now, showEmail }), ...turnLines(session)]
}

/** The same for an account by itself. */
export function accountLines({ account, now, showEmail }: Omit<PanelInput, "session">): PanelLine[] {
  const plan = account.quota?.plan
  return [
    { text: plan === undefined ? "Kiro" : titled(plan), tone: "title" },
    { text: showEmail ? (account.email ?? account.name) : account.name, tone: "text" },
    ...healthLines(account, now),
    ...quotaLines(account, now),
  ]
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function titled(plan: string): string {
  const words = plan.split(/\s+/).map((word) => capitalised(word.toLowerCase()))
  return words[0] === "Kiro" ? words.join(" ") : `Kiro ${words.join(" ")}`
}

function healthLines({ health }: AccountOverview, now: number): PanelLine[] {
  const state = stateOfHealth(health, now)
  if (state === undefined) return []
  const tone = STATE_WORDS[state.reason].tone === "bad" ? "error" : "warning"
  return [{ text: capitalised(shortState(state, now)), tone }]
}

function quotaLines({ quota }: AccountOverview, now: number): PanelLine[] {
  if (quota === undefined) return [{ text: "Credits not known yet", tone: "muted" }]
  const share = quota.limit > 0 ? quota.used / quota.limit : 0
  const lines: PanelLine[] = [
    {
      text: `${credits(quota.used)} / ${credits(quota.limit)} credits`,
      tone: share >= WARN_SHARE ? "warning" : "text",
    },
  ]
  if (quota.resetAt !== undefined && quota.resetAt > now) {
    lines.push({ text: `Resets ${dayText(quota.resetAt, now)}`, tone: "muted" })
  }
  for (const extra of extras(quota)) {
    const until = extra.expiresAt === undefined ? "" : `  until ${dayText(extra.expiresAt, now)}`
    lines.push({ text: `${extra.name} ${credits(extra.used)} / ${credits(extra.limit)}`, tone: "muted" })
    if (until !== "") lines.push({ text: until, tone: "muted" })
  }
  if (quota.overage.used > 0) {
    lines.push({ text: `Paid beyond the plan ${credits(quota.overage.used)}`, tone: "warning" })
  }
  return lines
}

type Quota = NonNullable<AccountOverview["quota"]>

function extras(quota: Quota): readonly { name: string; used: number; limit: number; expiresAt?: number }[] {
  return quota.trial === undefined ? quota.bonuses : [{ name: "Trial", ...quota.trial }, ...quota.bonuses]
}

function turnLines({ lastTurnCredits, credits: total }: SessionOverview): PanelLine[] {
  if (lastTurnCredits === undefined) return []
  return [{ text: `Last turn ${credits(lastTurnCredits)}, session ${credits(total)}`, tone: "muted" }]
}

function credits(amount: number): string {
  return amount.toFixed(2)
}
