import { type Account, accountName } from "../../accounts/index.ts"
import type { Settings } from "../../settings/index.ts"
import { isUsedUp } from "../used-up.ts"
import { credits, moment } from "../words.ts"
import { type Check, type ExaminedAccount, type Finding, good, note, problem } from "./finding.ts"

/** Every account's state. */
export const accountsCheck: Check = {
  title: "Accounts",
  async look({ accounts, databaseTrouble, runtime, settings }) {
    if (databaseTrouble !== undefined) return [note("not looked at: the database can't be used")]
    if (accounts.length > 0)
      return accounts.map((examined) => stateOf(examined, { now: runtime.clock.now(), settings }))
    return [
      problem(
        "nobody is logged in: no account here, nothing in kiro-cli or Kiro IDE",
        "Run: kiro-cli login, or: opencode auth login",
      ),
    ]
  },
}

function stateOf(
  { account, noToken }: ExaminedAccount,
  at: { readonly now: number; readonly settings: Settings },
): Finding {
  const { now } = at
  const name = accountName(account)
  const { health, enabled } = account
  if (!enabled) return note(`${name} is disabled`)
  switch (health.state) {
    case "ok":
      break
    case "cooling":
      if (health.until > now) return resting(account, health, now)
      break
    case "revoked":
      return revoked(account, health.reason)
    default:
      return health satisfies never
  }
  if (noToken === undefined)
    return isUsedUp(account, at)
      ? note(`${name} has used up its credits${usageOf(account)}`)
      : good(`${name} is ready${usageOf(account)}`)
  if (noToken.unavailable === "revoked" || noToken.unavailable === "no-login") return loginNeeded(account)
  return problem(
    `${name}: its token could not be renewed: ${noToken.message}`,
    "See to what is said of the network above, then run doctor again.",
  )
}

function usageOf({ quota }: Account): string {
  return quota === undefined ? "" : `, ${credits(quota)} credits`
}

type Cooling = Extract<Account["health"], { state: "cooling" }>

function resting(account: Account, { reason, until }: Cooling, now: number): Finding {
  const name = accountName(account)
  if (reason === "not-authorized")
    return problem(`${name}: Kiro refuses its profile`, `See: opencode-kiro-auth accounts profile "${name}"`)
  return note(`${name} rests until ${moment(until, now)} (${reason})${usageOf(account)}`)
}

function revoked(
  account: Account,
  reason: Extract<Account["health"], { state: "revoked" }>["reason"],
): Finding {
  const name = accountName(account)
  switch (reason) {
    case "suspended":
      return problem(
        `${name} is suspended by AWS`,
        `Contact AWS support; when it is lifted: opencode-kiro-auth accounts enable "${name}"`,
      )
    case "api-key-refused":
      return problem(
        `${name}: Kiro refuses the API key`,
        "Set a new one: opencode auth login, or KIRO_API_KEY.",
      )
    case "login-expired":
      return loginNeeded(account)
    default:
      return reason satisfies never
  }
}

function loginNeeded(account: Account): Finding {
  const name = accountName(account)
  const how: ReadonlySet<string> = new Set(account.logins.map(({ source }) => HOW_TO_LOG_IN[source]))
  return problem(`${name} needs a login`, `Run: ${[...how].join(", or: ") || HOW_TO_LOG_IN.own}`)
}

const HOW_TO_LOG_IN = {
  own: "opencode auth login",
  "kiro-cli": "kiro-cli login",
  "kiro-ide": "a sign-in in Kiro IDE",
  "older-plugin": "opencode auth login",
  environment: "opencode auth login",
} as const
