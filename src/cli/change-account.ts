import {
  type Account,
  accountName,
  type AccountState,
  remedyOf,
  shortState,
  STATE_WORDS,
  stateOf,
  withEnabling,
  stillSignedIn,
  typedName,
} from "../accounts/index.ts"
import type { KiroProfile } from "../kiro/index.ts"
import { accountDocument, findAccount, profileOf } from "./accounts.ts"
import type { Command } from "./command-line.ts"
import { type Context, mustBeKept } from "./context.ts"

type Change = Extract<Command, { name: "label" | "enable" | "disable" | "remove" }>

/** What the user decides about one account; the answer names it. Whether what was wanted came of it. */
export async function changeAccount(context: Context, command: Change): Promise<boolean> {
  const { id } = findAccount(await context.store.list({ resting: true }), command.account)
  switch (command.name) {
    case "label": {
      const { before, account } = await context.change(id, { kind: "label", label: command.label })
      const isOwn = command.label === ""
      const done = isOwn ? "goes by its own name again" : `is the new name of ${accountName(before)}`
      return report(context, { command, account, done })
    }
    case "enable":
      return enable(context, command, id)
    case "disable": {
      const { account } = await context.change(id, { kind: "disable" })
      return report(context, { command, account, done: "is kept, but not used" })
    }
    case "remove": {
      const { account } = await context.change(id, { kind: "remove" })
      const done = `is forgotten${stillSignedIn(account)}`
      return report(context, { command, account, done })
    }
    default:
      return command satisfies never
  }
}

/** A switched-on account may still be kept by what only Kiro or time can end. */
async function enable(context: Context, command: Change, id: string): Promise<boolean> {
  const { runtime, settings, terminal } = context
  const { before, account } = await terminal.progress("Asking Kiro about it", () =>
    context.change(id, { kind: "enable" }),
  )
  const now = runtime.clock.now()
  const at = { now, useOverage: settings.useOverage }
  const state = stateOf(account, at)
  if (isUsable(state))
    return report(context, { command, account, done: withEnabling("is used again", stateOf(before, at)) })
  const [why, remedy] = [shortState(state, now), remedyOf(account, state, context.command)]
  // Where the remedy is all that there is to say, it says so itself.
  const words = remedy.toLowerCase().startsWith(why) ? remedy : `${why}. ${remedy}`
  const done = `is switched on, but can't be used: ${words}`.trim()
  return report(context, { command, account, done, isKept: true })
}

function isUsable({ reason }: AccountState): boolean {
  return STATE_WORDS[reason].tone === "good"
}

function report(
  context: Context,
  change: {
    readonly command: { readonly name: string; readonly json: boolean }
    readonly account: Account
    readonly done: string
    /** Something that this command can't end keeps the account from being used. */
    readonly isKept?: boolean
  },
): boolean {
  const { terminal, runtime, settings } = context
  const { command, account, done, isKept = false } = change
  mustBeKept(context)
  if (command.json) {
    const now = runtime.clock.now()
    const state = stateOf(account, { now, useOverage: settings.useOverage })
    const usable = command.name !== "remove" && isUsable(state)
    terminal.json({ done: command.name, usable, account: accountDocument(account, context, now) })
  } else {
    const mark = isKept ? terminal.paint("warning", "!") : terminal.paint("good", "✓")
    terminal.out(`${mark} ${terminal.wrap(`${accountName(account)} ${done}`, 2)}`)
  }
  return !isKept
}

/** Lists the profiles that the account's login has in all service regions, or chooses one of them. */
export async function accountProfile(
  context: Context,
  command: Extract<Command, { name: "profile" }>,
): Promise<boolean> {
  const { store, terminal } = context
  const account = findAccount(await store.list(), command.account)
  const profiles = await terminal.progress("Asking Kiro for the profiles", () => context.profiles(account.id))
  const { choice } = command
  if (choice === undefined) {
    listProfiles(context, { account, profiles, json: command.json })
    return true
  }
  const chosen = profiles.find(({ arn }, index) => arn === choice || String(index + 1) === choice)
  if (chosen === undefined)
    throw new Error(
      `${accountName(account)} has no profile ${choice}; without a number the command lists those it has`,
    )
  const decided = await context.change(account.id, { kind: "profile", profileArn: chosen.arn })
  return report(context, {
    command,
    account: decided.account,
    done: `uses ${chosen.name} in ${chosen.region}`,
  })
}

function listProfiles(
  { terminal, command }: Context,
  listed: { readonly account: Account; readonly profiles: readonly KiroProfile[]; readonly json: boolean },
): void {
  const { account, profiles, json } = listed
  const name = accountName(account)
  const used = profileOf(account)
  if (json) return terminal.json({ account: name, profiles, used })
  if (profiles.length === 0) return terminal.say(`${name} has no profiles, and needs none.`)
  const columns = [
    { title: "" },
    { title: "Profile" },
    { title: "Region" },
    { title: "ARN", expendable: 1 },
    { title: "" },
  ]
  const rows = profiles.map(({ arn, name: profile, region }, index) => [
    terminal.paint("strong", String(index + 1)),
    profile,
    region,
    terminal.columns === undefined ? arn : `…${arn.slice(arn.lastIndexOf("/"))}`,
    arn === used ? terminal.paint("good", "used") : "",
  ])
  terminal.out(terminal.table(columns, rows))
  if (profiles.length > 1)
    terminal.out(`\nChoose one:\n  ${command} accounts profile ${typedName(account)} 2`)
}
