import type { LockingReason } from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import { briefly, remedyOf, whatFailed } from "./failure-answers.ts"
import { instant, quote } from "./phrases.ts"

/** Why an account can't answer now and when it is back (epoch ms). `said` is the service's own words, or "". */
export type Parked =
  | { readonly why: "quota" | "throttled"; readonly until: number; readonly said: string }
  | { readonly why: "refused"; readonly kind: LockingReason | "not-authorized"; readonly said: string }
  /** `profiles`: the ARNs that its user has to choose from. */
  | { readonly why: "no-choice"; readonly profiles: readonly string[] }
  | { readonly why: "login-expired" | "api-key-refused"; readonly said: string }
  | { readonly why: "disabled" }
  | { readonly why: "lacks-model"; readonly model: string }
  /** By this fetch, without having been parked. */
  | { readonly why: "failed"; readonly failure: KiroFailure; readonly model: string }

export interface ParkedAccount {
  readonly name: string
  readonly parked: Parked
}

export function allParked(accounts: readonly ParkedAccount[], now: number): string {
  const lines = accounts.map(({ name, parked }) => `${name}: ${reasonOf(parked, now)}`)
  const remedies = new Set(accounts.map(({ parked }) => remedyFor(parked)).filter((text) => text !== ""))
  return [`Kiro: no account can answer now. ${lines.join("; ")}.`, ...remedies].join(" ")
}

function reasonOf(parked: Parked, now: number): string {
  switch (parked.why) {
    case "quota":
      return said(`its credits are used up, back ${instant(parked.until, now)}`, parked.said)
    case "throttled":
      return said(`throttled, back ${instant(parked.until, now)}`, parked.said)
    case "refused":
      return said(briefly(parked), parked.said)
    case "no-choice":
      return `it has to be told which of its profiles to use: ${parked.profiles.join(", ")}`
    case "login-expired":
      return said("its login has ended", parked.said)
    case "api-key-refused":
      return said("its API key was refused", parked.said)
    case "disabled":
      return "switched off by you"
    case "lacks-model":
      return `is not offered ${parked.model}`
    case "failed":
      return said(whatFailed(parked.failure, "it", parked.model), parked.failure.message)
    default:
      return parked satisfies never
  }
}

function remedyFor(parked: Parked): string {
  switch (parked.why) {
    case "quota":
      return "More credits: enable overage or a larger plan at https://app.kiro.dev, or add an account with `opencode auth login`; it is noticed without a restart."
    case "refused":
      return remedyOf(parked.kind)
    case "no-choice":
      return "Choose a profile with `npx opencode-kiro-auth accounts profile`, or by idc_profile_arn in kiro.json."
    case "login-expired":
      return remedyOf("bearer-rejected")
    case "api-key-refused":
      return "Make a new API key at https://app.kiro.dev and set KIRO_API_KEY, or sign in with `opencode auth login`. Where the old key is allowed again, switch the account on with `npx opencode-kiro-auth accounts`."
    case "disabled":
      return "Switch an account on with `npx opencode-kiro-auth accounts`."
    case "lacks-model":
      return remedyOf("invalid-model")
    case "throttled":
    case "failed":
      return ""
    default:
      return parked satisfies never
  }
}

function said(what: string, words: string): string {
  const quoted = quote(words)
  return quoted === "" ? what : `${what} (${quoted})`
}
