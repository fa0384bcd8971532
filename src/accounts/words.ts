import type { Account, Quota, RevokedReason } from "./account.ts"
import type { AccountState, StateReason } from "./health.ts"
import { isIdentityCenter, recordOf } from "./login.ts"
import { cutTo, labelOf, typedName } from "./name.ts"
import { DAY_MS, paysOverage, usedShare } from "./quota.ts"

/** Every word about an account's state: toast, list, error, panel and doctor read this table. A new reason is a row. */

/** What a remedy is fitted to. `command`: how the package's command is run here, `ownCommand()`. */
export interface RemedyFor {
  readonly account: Account
  readonly command: string
  /** Accounts in the same state, which it helps as well. */
  readonly others?: readonly Account[]
}

export interface StateWords {
  /** In a line of a list, and after a number: "out of credits". */
  readonly short: string
  /** After a number, where `short` does not fit there. */
  readonly counted?: { readonly one: string; readonly many: string }
  readonly tone: "good" | "muted" | "warning" | "bad"
  /** Without the full stop. `name`: mostly `accountName`. */
  readonly sentence: (name: string, account: Account) => string
  /** After "because": why another account was taken. */
  readonly because: string
  /** "" where there is nothing to do but to wait. */
  readonly remedy: (at: RemedyFor) => string
  /** Its user ends it by switching the account on: what that may bring about, "" for nothing. */
  readonly enabling?: string
  /** The HTTP status of an answer that failed for it. OpenCode 1.18 asks again after 429 and 5xx. */
  readonly status: number
}

const MAY_SIGN_OUT = "kiro-cli may be signed out by that"

const MORE_CREDITS =
  "More credits: enable overage or a larger plan at https://app.kiro.dev, or sign in to another account (/connect, or `opencode auth login`); it is noticed without a restart."

/** For an account whose overage is enabled: only the settings keep it from paying. */
const PAY_FOR_MORE =
  'More credits: overage is enabled, but kiro.json says "use_overage": false (or the environment does), or is broken; change that and restart OpenCode, or sign in to another account (/connect, or `opencode auth login`), which is noticed without a restart.'

/** A state that is told by itself. */
interface NoticeWords extends StateWords {
  readonly title: string
}

export const STATE_WORDS: Readonly<
  Record<StateReason, StateWords> & Record<RevokedReason | "profile-choice", NoticeWords>
> = {
  ready: {
    short: "ok",
    tone: "good",
    sentence: (name) => `${name} is ready`,
    because: "it is ready",
    remedy: () => "",
    status: 200,
  },
  disabled: {
    short: "switched off",
    tone: "muted",
    sentence: (name) => `${name} is switched off by you`,
    because: "switched off by you",
    remedy: (at) => `Switch it on: ${inKiro(at, "enable")}.`,
    enabling: "",
    status: 400,
  },
  held: {
    short: "waiting for its owner's name",
    counted: { one: "waits for its owner's name", many: "wait for their owners' names" },
    tone: "warning",
    sentence: (name) =>
      `${name} took the place of an account that is off, removed or suspended, and may be the same person's`,
    because:
      "it took the place of an account that is off, removed or suspended, and may be the same person's",
    remedy: (at) =>
      `It is used as soon as Kiro says that it is another person's, or now by: ${inKiro(at, "enable")}.`,
    enabling: "",
    status: 400,
  },
  resting: {
    short: "behind a newer sign-in",
    tone: "muted",
    sentence: (name) => `a newer sign-in took the place of ${name}, and may be the same person's`,
    because: "its login has ended, and the newer one that took its place may be the same person's",
    remedy: (at) => {
      // Who has no name is listed nowhere but under the newer one.
      const isListed = [at.account, ...(at.others ?? [])].every(({ userId }) => userId !== undefined)
      const way = isListed ? inKiro(at, "enable") : typed(at, "enable")
      return `It is used again as soon as Kiro says whose the two are, or now by: ${way}; ${MAY_SIGN_OUT}.`
    },
    enabling: MAY_SIGN_OUT,
    status: 400,
  },
  "source-away": {
    short: "behind a store that can't be read",
    tone: "warning",
    sentence: (name) => `the store that ${name} came from can't be read just now, and may hold a newer login`,
    because: "the store that it came from can't be read just now, and may hold a newer login",
    remedy: (at) =>
      `It is used again as soon as that can be read, within the hour for all that, or now by: ${inKiro(at, "enable")}.`,
    enabling: "",
    status: 400,
  },
  unavailable: {
    short: "not usable for this message",
    tone: "warning",
    sentence: (name) => `${name} could not answer this message`,
    because: "it could not answer this message",
    remedy: () => "",
    status: 400,
  },
  "monthly-quota": {
    short: "out of credits",
    tone: "warning",
    sentence: (name) => `${name} has used up its monthly credits`,
    because: "its monthly credits are used up",
    remedy: ({ account }) => (mayPay(account) ? PAY_FOR_MORE : MORE_CREDITS),
    status: 402,
  },
  "daily-quota": {
    short: "at the daily limit",
    tone: "warning",
    sentence: (name) => `${name} has used up its daily requests`,
    because: "its daily requests are used up",
    remedy: () =>
      "The daily limit is lifted by itself; until then another account helps: /connect, or `opencode auth login`.",
    status: 402,
  },
  "overage-limit": {
    short: "at the overage limit",
    tone: "warning",
    sentence: (name) => `${name} has reached its overage limit`,
    because: "its overage limit is reached",
    remedy: () =>
      "Raise the overage limit at https://app.kiro.dev, or sign in to another account (/connect, or `opencode auth login`); it is noticed without a restart.",
    status: 402,
  },
  throttled: {
    short: "throttled",
    tone: "warning",
    sentence: (name) => `the service is throttling ${name}`,
    because: "it is being throttled",
    remedy: () => "",
    status: 429,
  },
  "not-authorized": {
    short: "profile refused",
    counted: { one: "with a refused profile", many: "with refused profiles" },
    tone: "bad",
    sentence: (name) => `${name} may not use this service with its plan or profile`,
    because: "not authorized with its plan or profile",
    remedy: (at) =>
      isOfCompany(at.account)
        ? `Check the plan with your administrator, or choose another profile: ${inKiro(at, "profile")}.`
        : `Check its plan at https://app.kiro.dev. Then switch it on: ${inKiro(at, "enable")}.`,
    enabling: "",
    status: 403,
  },
  "profile-choice": {
    short: "choose a profile",
    counted: { one: "needs its profile chosen", many: "need their profiles chosen" },
    tone: "bad",
    title: "Several Kiro profiles",
    sentence: (name) => `${name} has to be told which of its profiles to use`,
    because: "its profile is not chosen yet",
    remedy: (at) => `Choose a profile: ${inKiro(at, "profile")}.`,
    status: 403,
  },
  suspended: {
    short: "suspended",
    tone: "bad",
    title: "Kiro account suspended",
    sentence: (name) => `AWS has suspended ${name}`,
    because: "suspended by AWS",
    remedy: (at) =>
      `Only AWS support can lift it: https://support.aws.amazon.com/#/contacts/kiro. Then switch it on: ${inKiro(at, "enable")}.`,
    enabling: "",
    status: 403,
  },
  "login-expired": {
    short: "login needed",
    counted: { one: "needs a login", many: "need a login" },
    tone: "bad",
    title: "Kiro login needed",
    sentence: (name) => `the login of ${name} has ended`,
    because: "its login has ended",
    remedy: signIn,
    status: 401,
  },
  "api-key-refused": {
    short: "API key refused",
    counted: { one: "with a refused API key", many: "with refused API keys" },
    tone: "bad",
    title: "Kiro API key refused",
    // Its own name says that it is one.
    sentence: (name, account) =>
      labelOf(account) === undefined ? `${name} was refused` : `the API key of ${name} was refused`,
    because: "its API key was refused",
    remedy: (at) =>
      `Make a new API key at https://app.kiro.dev and give it to /connect or KIRO_API_KEY. Where the old key is allowed again, switch it on: ${inKiro(at, "enable")}.`,
    enabling: "",
    status: 401,
  },
}

/** What was done for an account that was switched on in that state, and what it may bring about. */
export function withEnabling(done: string, { reason }: Pick<AccountState, "reason">): string {
  const { enabling = "" } = STATE_WORDS[reason]
  return enabling === "" ? done : `${done}; ${enabling}`
}

/** The place inside OpenCode first, then what can be typed. */
function inKiro(at: RemedyFor, verb: "enable" | "profile"): string {
  return `/kiro, or ${typed(at, verb)}`
}

function typed({ account, command, others = [] }: RemedyFor, verb: "enable" | "profile"): string {
  const instead = others.length === 0 ? "" : ` (or ${others.map(typedName).join(", ")})`
  return `\`${command} accounts ${verb} ${typedName(account)}\`${instead}`
}

/** Whether a company gives the access: a person's own login has no profiles to choose from. */
function isOfCompany({ logins }: Account): boolean {
  return logins.some(
    (login) => login.kind === "external-idp" || login.kind === "api-key" || isIdentityCenter(login),
  )
}

function signIn({ account }: RemedyFor): string {
  const sources = account.logins.map(({ source }) => source)
  const own = "/connect, or `opencode auth login` and choose Kiro"
  if (sources.includes("kiro-cli")) return `Sign in again: \`kiro-cli login\`; or ${own}.`
  if (sources.includes("kiro-ide")) return `Sign in again in the Kiro IDE; or ${own}.`
  return `Sign in again: ${own}.`
}

/** What can be done about the state of this account; "" where there is nothing but to wait. */
export function remedyOf(
  account: Account,
  { reason }: AccountState,
  command: string,
  others: readonly Account[] = [],
): string {
  return STATE_WORDS[reason].remedy({ account, command, others })
}

/** Whether its usage alone, and no refusal by the service, says that it is out of credits, with more of them for money. */
function mayPay({ health, quota }: Account): boolean {
  return health.state === "ok" && quota !== undefined && paysOverage(quota)
}

/** Behind that it is forgotten: a removal signs nobody out. "" where it was signed in to here alone. */
export function stillSignedIn({ logins }: Account): string {
  const isElsewhere = logins.some((login) => login.source !== "own" || recordOf(login).places.length > 0)
  return isElsewhere ? "; where it came from it stays signed in" : ""
}

/** For a line of a list: "out of credits until Dec 1". */
export function shortState({ reason, until }: AccountState, now: number): string {
  const { short } = STATE_WORDS[reason]
  return until === undefined ? short : `${short} ${untilText(until, now)}`
}

export interface NamedState {
  /** As `briefName` has it. */
  readonly name: string
  readonly state: AccountState
}

/** More kinds of trouble than these are a wall of text. */
const MOST_GROUPS = 5

/**
 * Many accounts in one line: "9 out of credits until Dec 1 · 1 suspended (··3f18) · 1 needs a login (··6e9a)". Where that
 * would be too much the times are left out, then all but the most.
 */
export function groupedStates(accounts: readonly NamedState[], now: number): string {
  const groups = groupsOf(accounts, now)
  if (groups.length <= MOST_GROUPS) return groups.map((group) => counted(group, now)).join(" · ")
  const timeless = accounts.map(({ name, state: { reason } }) => ({ name, state: { reason } }))
  const larger = groupsOf(timeless, now).toSorted((one, other) => other.length - one.length)
  const others = larger.slice(MOST_GROUPS).flat().length
  const kept = larger.slice(0, MOST_GROUPS).map((group) => counted(group, now))
  return [...kept, ...(others === 0 ? [] : [`${others} with something else`])].join(" · ")
}

function groupsOf(accounts: readonly NamedState[], now: number): readonly (readonly NamedState[])[] {
  return [...Map.groupBy(accounts, ({ state }) => countedState(state, now).many).values()]
}

function counted(group: readonly NamedState[], now: number): string {
  const [first] = group
  if (first === undefined) return ""
  const { one, many } = countedState(first.state, now)
  const who = group.length > 2 ? "" : ` (${group.map(({ name }) => cutTo(name, NAME_CELLS)).join(", ")})`
  return `${group.length} ${group.length === 1 ? one : many}${who}`
}

/** Of a name among many. */
const NAME_CELLS = 30

function countedState(state: AccountState, now: number): { readonly one: string; readonly many: string } {
  const short = shortState(state, now)
  return STATE_WORDS[state.reason].counted ?? { one: short, many: short }
}

const SECOND_MS = 1000

/** The one style of instants: "14:05", "Nov 30, 02:23" or "Dec 1", as far away as it is; of this computer's time zone. */
export function timeText(at: number, now: number): string {
  const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, at)
  const away = Math.abs(at - now)
  if (away < DAY_MS / 2) return clock
  return at % DAY_MS === 0 || away > 7 * DAY_MS ? dayText(at, now) : `${dayText(at, now)}, ${clock}`
}

/** "Dec 1", or "Dec 1, 2027". Midnight UTC, at which the service counts its days, is the day that it names. */
export function dayText(at: number, now: number): string {
  const zone = at % DAY_MS === 0 ? { timeZone: "UTC" } : {}
  const isSameYear = new Date(at).getUTCFullYear() === new Date(now).getUTCFullYear()
  return format({ day: "numeric", month: "short", ...zone, ...(isSameYear ? {} : { year: "numeric" }) }, at)
}

/** "until Dec 1", "until 14:05", "for 40 seconds". */
export function untilText(at: number, now: number): string {
  const seconds = Math.ceil((at - now) / SECOND_MS)
  if (seconds <= 1) return "for a second"
  return seconds <= 90 ? `for ${seconds} seconds` : `until ${timeText(at, now)}`
}

function format(options: Intl.DateTimeFormatOptions, at: number): string {
  return new Intl.DateTimeFormat("en-US", options).format(at)
}

const BAR_CELLS = 8

/** `███░░░░░ 41 %`: how much of its credits is used; "" where it has none. */
export function usedBar(quota: Quota, now: number): string {
  const share = usedShare(quota, now)
  if (share === undefined) return ""
  const full = Math.min(BAR_CELLS, Math.max(0, Math.round(share * BAR_CELLS)))
  return `${"█".repeat(full)}${"░".repeat(BAR_CELLS - full)} ${Math.round(share * 100)} %`
}

/** `812.40 / 2000.00` */
export function creditsText({ used, limit }: { readonly used: number; readonly limit: number }): string {
  return `${used.toFixed(2)} / ${limit.toFixed(2)}`
}
