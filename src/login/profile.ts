import type { Account, Login } from "../accounts/index.ts"
import { type KiroFailure, type KiroProfile, profileToUse } from "../kiro/index.ts"

/** Which profile a login gets, or why it has none. */
export type ProfileChoice =
  /** `listed`: the service names it for this login, or could not be asked. */
  | { readonly state: "chosen"; readonly arn: string; readonly listed: boolean }
  /** Several, and nothing tells which. */
  | { readonly state: "open" }
  | { readonly state: "none" }
  | { readonly state: "unknown"; readonly failure: KiroFailure }
  | { readonly state: "not-needed" }

export interface ProfileQuestion {
  /** The profile that the user named. */
  readonly asked: string | undefined
  /** That of the settings. */
  readonly configured: string | undefined
  /** The active ones of all service regions. */
  readonly profiles: readonly KiroProfile[]
  /** A region gave no answer: with it an empty list proves nothing. */
  readonly failure?: KiroFailure | undefined
  readonly identityCenter: boolean
  readonly login: Login
  readonly accounts: readonly Account[]
}

/**
 * The profile that was asked for; else the only one; else the one of the settings; else the one that kiro-cli uses
 * with the same Identity Center.
 */
export function pickProfile(question: ProfileQuestion): ProfileChoice {
  const { asked, configured, profiles, failure, identityCenter } = question
  const isListed = (arn: string): boolean => profiles.some((profile) => profile.arn === arn)
  const chosen = (arn: string): ProfileChoice => ({
    state: "chosen",
    arn,
    listed: failure !== undefined || isListed(arn),
  })
  const wanted = asked ?? (profiles.length === 0 ? configured : undefined)
  if (wanted !== undefined) return chosen(wanted)
  if (profiles.length === 0) {
    if (!identityCenter) return { state: "not-needed" }
    return failure === undefined ? { state: "none" } : { state: "unknown", failure }
  }
  const inUse = profilesOfOtherPrograms(question.accounts, question.login)
  const found = profileToUse(profiles, [configured, ...inUse])
  return found === undefined ? { state: "open" } : chosen(found.arn)
}

function profilesOfOtherPrograms(accounts: readonly Account[], login: Login): readonly string[] {
  if (login.kind !== "idc") return []
  return accounts
    .flatMap((account) => account.logins)
    .filter((other) => other.kind === "idc" && other.source !== "own" && other.startUrl === login.startUrl)
    .flatMap((other) => other.profileArn ?? [])
}
