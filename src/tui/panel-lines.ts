import { type AccountOverview, REVOKED_WORDS, type SessionOverview } from "../accounts/index.ts"

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
  switch (health.state) {
    case "ok":
      return []
    case "cooling":
      return health.until <= now
        ? []
        : [{ text: `Paused until ${moment(health.until, now)}`, tone: "warning" }]
    case "revoked":
      return [{ text: capitalised(REVOKED_WORDS[health.reason].short), tone: "error" }]
    default:
      return health satisfies never
  }
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
    lines.push({ text: `Resets ${day(quota.resetAt)}`, tone: "muted" })
  }
  for (const extra of extras(quota)) {
    const until = extra.expiresAt === undefined ? "" : `  until ${day(extra.expiresAt)}`
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

function day(at: number): string {
  return new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }).format(at)
}

/** The time where it is today, else the day. */
function moment(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString()
  return isToday
    ? new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(at)
    : day(at)
}
