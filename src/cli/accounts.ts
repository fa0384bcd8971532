import {
  type Account,
  accountName,
  creditsText,
  dayText,
  type LoginSource,
  shortState,
  STATE_WORDS,
  stateOf,
  usedShare,
} from "../accounts/index.ts"
import { accountDocument } from "./account-document.ts"
import type { Context } from "./context.ts"
import { table } from "./table.ts"
import type { Terminal } from "./terminal.ts"

/** Every account: health, credits, reset, where its logins are from. */
export async function listAccounts(context: Context, { json }: { readonly json: boolean }): Promise<void> {
  const { store, terminal, runtime } = context
  const accounts = await store.list()
  if (json) return terminal.out(JSON.stringify({ accounts: accounts.map(accountDocument) }, null, 2))
  if (accounts.length === 0) return terminal.out(await nobody(context))
  const now = runtime.clock.now()
  const head = ["Account", "Plan", "Health", "Credits", "Resets", "From"].map((word) =>
    terminal.paint("muted", word),
  )
  terminal.out(table([head, ...accounts.map((account) => rowOf(account, context, now))]))
}

/** Logins of other programs are taken in by the first message, not by looking at the list. */
async function nobody({ sources }: Context): Promise<string> {
  const readings = await Promise.all(sources.map((source) => source.read()))
  const found = readings.flatMap(({ logins }) => logins.map(({ login }) => SOURCE_NAMES[login.source]))
  if (found.length === 0) return "No account yet. Log in with kiro-cli, or run: opencode auth login"
  const from = [...new Set(found)].join(", ")
  return `No account yet. A login of ${from} is there; take it in with: opencode-kiro-auth import`
}

function rowOf(account: Account, { terminal, settings }: Context, now: number): readonly string[] {
  const { quota } = account
  const state = stateOf(account, { now, useOverage: settings.useOverage })
  return [
    terminal.paint("strong", accountName(account)),
    quota?.plan ?? "?",
    terminal.paint(STATE_WORDS[state.reason].tone, shortState(state, now)),
    creditsOf(account, terminal, now),
    quota?.resetAt === undefined ? "" : dayText(quota.resetAt, now),
    [...new Set(account.logins.map(({ source }) => SOURCE_NAMES[source]))].join(", "),
  ]
}

const SOURCE_NAMES: Readonly<Record<LoginSource, string>> = {
  own: "own login",
  "kiro-cli": "kiro-cli",
  "kiro-ide": "Kiro IDE",
  "older-plugin": "older plugin",
  environment: "KIRO_API_KEY",
}

function creditsOf({ quota }: Account, terminal: Terminal, now: number): string {
  if (quota === undefined) return terminal.paint("muted", "not known yet")
  const extras = [
    ...(quota.trial === undefined ? [] : [`trial ${creditsText(quota.trial)}`]),
    ...quota.bonuses.map((bonus) => `${bonus.name} ${creditsText(bonus)}`),
  ]
  const text = [creditsText(quota), ...extras].join(" + ")
  const share = usedShare(quota, now) ?? 0
  return share >= 1 ? terminal.paint("bad", text) : share >= 0.8 ? terminal.paint("warning", text) : text
}
