import { type Account, accountName, disableAccount, enableAccount } from "../accounts/index.ts"
import { accountDocument } from "./account-document.ts"
import type { Command } from "./command-line.ts"
import type { Context } from "./context.ts"
import { findAccount } from "./find-account.ts"

type Change = Extract<Command, { name: "label" | "enable" | "disable" | "remove" }>

/** What the user decides about one account; the answer names it. OpenCode offers the models of those that are used. */
export async function changeAccount(context: Context, command: Change): Promise<void> {
  await change(context, command)
  if (command.name !== "label") await context.lookUps.offerModels()
}

async function change(context: Context, command: Change): Promise<void> {
  const { store, tokens } = context
  const found = findAccount(await store.list(), command.account)
  switch (command.name) {
    case "label": {
      const label = command.label.trim()
      const account = await store.update(found.id, (current) => ({ ...current, label }))
      const done = label === "" ? "goes by its own name again" : `is the new name of ${accountName(found)}`
      return report(context, { command, account, done })
    }
    case "enable": {
      const account = await store.update(found.id, enableAccount)
      return report(context, { command, account, done: "is used again" })
    }
    case "disable": {
      const account = await store.update(found.id, disableAccount)
      return report(context, { command, account, done: "is kept, but not used" })
    }
    case "remove": {
      await tokens.settle(found)
      await store.remove(found.id)
      const done = "is forgotten; where it came from it stays logged in"
      return report(context, { command, account: found, done })
    }
    default:
      return command satisfies never
  }
}

export function report(
  { terminal }: Context,
  change: {
    readonly command: { readonly name: string; readonly json: boolean }
    readonly account: Account | undefined
    readonly done: string
  },
): void {
  const { command, account, done } = change
  if (account === undefined) throw new Error("the account is gone: another process removed it")
  if (command.json)
    return terminal.out(JSON.stringify({ done: command.name, account: accountDocument(account) }, null, 2))
  terminal.out(`${terminal.paint("good", "✓")} ${accountName(account)} ${done}`)
}
