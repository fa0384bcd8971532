import {
  type Account,
  accountName,
  fullName,
  creditsText,
  dayText,
  remedyOf,
  restingUnder,
  shortId,
  shortState,
  STATE_WORDS,
  stateOf,
  usedShare,
} from "../accounts/index.ts"
import { SOURCE_NAMES } from "../import/index.ts"
import { type JsonObject, plainName, present } from "../json.ts"
import { extraCredits, HIGH_SHARE } from "../kiro/index.ts"
import { SIGN_IN } from "./command-line.ts"
import type { Context } from "./context.ts"
import type { Column, Terminal } from "./terminal.ts"

/** Every account: state, credits, reset, where its logins are from. */
export async function listAccounts(context: Context, { json }: { readonly json: boolean }): Promise<void> {
  const { store, terminal, runtime } = context
  const accounts = await store.list()
  const all = await store.list({ resting: true })
  const now = runtime.clock.now()
  if (json) {
    const documentOf = (account: Account): JsonObject => accountDocument(account, context, now)
    const documents = accounts.map((account) => ({
      ...documentOf(account),
      resting: restingUnder(account, all, now).map(documentOf),
    }))
    return terminal.json({ accounts: documents })
  }
  if (accounts.length === 0) return terminal.out(await nobody(context))
  const rows = accounts.map((account) => rowOf(account, context, now))
  terminal.out(terminal.table(COLUMNS, rows))
  const beside = accounts.flatMap((account) => [
    ...extrasOf(account, terminal, now),
    ...restingUnder(account, all, now).map((resting) => restingLine(context, { account, resting, now })),
  ])
  if (beside.length > 0) terminal.out(`\n${terminal.table(BESIDE, beside)}`)
}

/** A login whose place another one took, and of which nobody knows whether it is the same person's. */
function restingLine(
  { terminal, command }: Context,
  { account, resting, now }: { readonly account: Account; readonly resting: Account; readonly now: number },
): readonly string[] {
  const state = stateOf(resting, { now, useOverage: true })
  const remedy = remedyOf(resting, state, command)
  const words = `before it: ${accountName(resting)}, ${shortState(state, now)}. ${remedy}`
  return [terminal.paint("muted", accountName(account)), words]
}

const COLUMNS: readonly Column[] = [
  { title: "Account", shrinks: "right" },
  { title: "Plan", expendable: 2 },
  { title: "State" },
  { title: "Credits", align: "right", expendable: 0 },
  { title: "Used", align: "right", expendable: 1 },
  { title: "Resets", expendable: 3 },
  { title: "From", expendable: 4 },
]

const BESIDE: readonly Column[] = [
  { title: "", shrinks: "right" },
  { title: "", wraps: true },
]

/** Behind that there is no account, or no login: what the user does not want to be looked at. */
export const LEFT_OUT = "; kiro-cli is not looked at, because auto_sync_kiro_cli is false"

/** Logins of other programs are taken in by the first message, not by looking at the list. */
async function nobody({ store, sources, settings, command, terminal }: Context): Promise<string> {
  const readings = await Promise.all(sources.map((source) => source.read()))
  const found = readings.flatMap(({ logins }) => logins.map(({ login }) => SOURCE_NAMES[login.source]))
  const [how, leftOut] = settings.autoSyncKiroCli ? ["Sign in with kiro-cli, or run", ""] : ["Run", LEFT_OUT]
  if (found.length === 0) return terminal.wrap(`No account yet. ${how}: ${SIGN_IN}${leftOut}`)
  const from = [...new Set(found)].join(", ")
  const hasRemoved = (await store.listAll()).some(({ removedAt }) => removedAt !== undefined)
  const there = hasRemoved
    ? `No account. A login of ${from} is there; one that was removed here comes back by:`
    : `No account yet. A login of ${from} is there; the first message takes it in, and so does:`
  return `${terminal.wrap(there)}\n  ${command} import`
}

function rowOf(account: Account, { terminal, settings }: Context, now: number): readonly string[] {
  const { quota } = account
  const state = stateOf(account, { now, useOverage: settings.useOverage })
  const share = quota === undefined ? undefined : usedShare(quota, now)
  const tone = (share ?? 0) >= 1 ? "bad" : (share ?? 0) >= HIGH_SHARE ? "warning" : undefined
  const credits = quota === undefined ? terminal.paint("muted", "not known yet") : creditsText(quota)
  return [
    terminal.paint("strong", listedName(account)),
    quota?.plan === undefined ? "?" : plainName(quota.plan),
    terminal.paint(STATE_WORDS[state.reason].tone, shortState(state, now)),
    tone === undefined ? credits : terminal.paint(tone, credits),
    share === undefined ? "" : `${Math.round(share * 100)} %`,
    quota?.resetAt === undefined ? "" : dayText(quota.resetAt, now),
    [...new Set(account.logins.map(({ source }) => SOURCE_NAMES[source]))].join(", "),
  ]
}

/** With the short id by which it is typed, whatever its label is, and of which no narrow terminal cuts anything. */
function listedName(account: Account): string {
  const [name, id] = [accountName(account), `··${shortId(account)}`]
  return name.endsWith(id) ? name : `${name} ${id}`
}

/** Credits beside those of the plan: a line for an account that has any. */
function extrasOf(account: Account, { paint }: Terminal, now: number): readonly (readonly string[])[] {
  const { quota } = account
  if (quota === undefined) return []
  const { overage } = quota
  const parts = extraCredits(quota, now).map((extra) => {
    const until = extra.expiresAt === undefined ? "" : ` until ${dayText(extra.expiresAt, now)}`
    return `${plainName(extra.name)} ${creditsText(extra)}${until}`
  })
  if (overage.enabled || overage.used > 0) {
    const cap = overage.cap === undefined ? "" : ` / ${overage.cap.toFixed(2)}`
    const charges = overage.charges === undefined ? "" : `, ${overage.charges.toFixed(2)} USD`
    parts.push(`overage ${overage.enabled ? "on" : "off"}, ${overage.used.toFixed(2)}${cap} used${charges}`)
  }
  return parts.map((part) => [paint("muted", accountName(account)), part])
}

/** An account for machines. No token, secret, user id or e-mail address is in it; instants are ISO 8601. */
export function accountDocument(
  account: Account,
  { settings, command }: Pick<Context, "settings" | "command">,
  now: number,
): JsonObject {
  const { health, quota } = account
  const state = stateOf(account, { now, useOverage: settings.useOverage })
  const remedy = remedyOf(account, state, command)
  return {
    id: account.id,
    shortId: shortId(account),
    name: fullName(account),
    enabled: account.enabled,
    state: {
      reason: state.reason,
      text: shortState(state, now),
      ...present({ until: instant(state.until), remedy: remedy === "" ? undefined : remedy }),
    },
    health: {
      state: health.state,
      ...(health.state === "cooling" && { reason: health.reason, until: instant(health.until) }),
      ...(health.state === "revoked" && { reason: health.reason, since: instant(health.since) }),
    },
    logins: account.logins.map((login) => ({
      kind: login.kind,
      source: login.source,
      revoked: login.revoked !== undefined,
      ...(login.kind !== "api-key" && { accessTokenExpiresAt: instant(login.tokens.expiresAt) }),
      ...(login.kind === "idc" && { loginRegion: login.loginRegion }),
      ...present({ profileArn: login.profileArn }),
    })),
    ...present({ profileArn: account.profileArn }),
    ...(quota !== undefined && {
      quota: {
        ...quota,
        checkedAt: instant(quota.checkedAt),
        ...present({ resetAt: instant(quota.resetAt), trial: quota.trial && withInstant(quota.trial) }),
        bonuses: quota.bonuses.map(withInstant),
      },
    }),
  }
}

function withInstant<Extra extends { readonly expiresAt?: number }>({ expiresAt, ...extra }: Extra) {
  return { ...extra, ...present({ expiresAt: instant(expiresAt) }) }
}

function instant(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}

/** The profile that its chats go by; absent where it needs none, or has to be told which. */
export function profileOf({ profileArn, logins }: Account): string | undefined {
  return profileArn ?? logins.find((login) => login.profileArn !== undefined)?.profileArn
}

/** No account, or more than one, goes by what was typed. */
class NoSuchAccount extends Error {
  override readonly name = "NoSuchAccount"
}

/**
 * The account that a person means: by label, whole id, or the short id that the list shows (with or without its dots).
 *
 * @throws NoSuchAccount
 */
export function findAccount(accounts: readonly Account[], typed: string): Account {
  const meant = meantBy(typed, accounts)
  const [account, ...others] = meant
  if (account === undefined) {
    throw new NoSuchAccount(`no account is called "${typed}"; ${namesOf(accounts)}`)
  }
  if (others.length > 0) {
    const which = `${listed(meant, accounts)}; type what stands in brackets`
    throw new NoSuchAccount(`"${typed}" means more than one account: ${which}`)
  }
  return account
}

function meantBy(typed: string, accounts: readonly Account[]): readonly Account[] {
  const wanted = typed.trim().toLowerCase()
  const short = wanted.replaceAll("·", "").replace(/^.*\s/, "")
  return accounts.filter((account) => {
    const names = [accountName(account), fullName(account)].map((name) => name.toLowerCase())
    return account.id.toLowerCase() === wanted || names.includes(wanted) || shortId(account) === short
  })
}

function namesOf(accounts: readonly Account[]): string {
  if (accounts.length === 0) return "there is none yet"
  return `there ${accounts.length === 1 ? "is" : "are"} ${listed(accounts, accounts)}`
}

/** More are a wall of text, and `accounts` lists them. */
const MOST_LISTED = 10

/** Some of all, each with what means it alone: its short id may be another's too, or another's label. */
function listed(some: readonly Account[], all: readonly Account[]): string {
  const names = some.slice(0, MOST_LISTED).map((account) => {
    const short = shortId(account)
    return `${accountName(account)} (${meantBy(short, all).length === 1 ? short : account.id})`
  })
  const more = some.length - names.length
  return `${names.join(", ")}${more > 0 ? `, and ${more} more: see accounts` : ""}`
}
