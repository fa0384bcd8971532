import {
  type Account,
  accountName,
  creditsText,
  remedyOf,
  shortState,
  STATE_WORDS,
  stateOf,
} from "../../accounts/index.ts"
import {
  type Check,
  type DoctorContext,
  type ExaminedAccount,
  type Finding,
  good,
  note,
  problem,
} from "./finding.ts"

/** Every account's state. */
export const accountsCheck: Check = {
  title: "Accounts",
  async look(context) {
    const { accounts, databaseTrouble } = context
    if (databaseTrouble !== undefined) return [note("not looked at: the database can't be used")]
    if (accounts.length > 0) return accounts.map((examined) => stateFinding(examined, context))
    return [
      problem(
        "nobody is logged in: no account here, nothing in kiro-cli or Kiro IDE",
        "Run: kiro-cli login, or: opencode auth login (in OpenCode: /connect)",
      ),
    ]
  },
}

function stateFinding({ account, noToken }: ExaminedAccount, context: DoctorContext): Finding {
  const { runtime, settings, command } = context
  const now = runtime.clock.now()
  const name = accountName(account)
  const state = stateOf(account, { now, useOverage: settings.useOverage })
  const { tone, sentence } = STATE_WORDS[state.reason]
  if (tone === "bad") return problem(sentence(name), remedyOf(account, state, command))
  if (noToken !== undefined && tone !== "muted") {
    if (noToken.unavailable === "revoked" || noToken.unavailable === "no-login")
      return problem(`${name} needs a login`, remedyOf(account, { reason: "login-expired" }, command))
    return problem(
      `${name}: its token could not be renewed: ${noToken.message}`,
      "See to what is said of the network above, then run doctor again.",
    )
  }
  if (tone === "good") return good(`${name} is ready${usageOf(account)}`)
  return note(`${name}: ${shortState(state, now)}${usageOf(account)}`)
}

function usageOf({ quota }: Account): string {
  return quota === undefined ? "" : `, ${creditsText(quota)} credits`
}
