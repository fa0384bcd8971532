import type { Account, Login } from "../../accounts/index.ts"
import type { KiroProfile } from "../../kiro/index.ts"

/** Which profile a login gets, and why there is none. */
export type ProfileChoice =
  | { readonly chosen: string; readonly known: boolean }
  | { readonly choose: readonly KiroProfile[] }
  | { readonly none: true }

/**
 * The profile that was asked for; else the only one; else the one of the settings; else the one that kiro-cli uses
 * with the same Identity Center.
 */
export function pickProfile(question: {
  readonly asked: string | undefined
  readonly configured: string | undefined
  readonly profiles: readonly KiroProfile[]
  readonly login: Login
  readonly accounts: readonly Account[]
}): ProfileChoice {
  const { asked, configured, profiles } = question
  const known = (arn: string): boolean => profiles.some((profile) => profile.arn === arn)
  const [first, ...others] = profiles
  const wanted = asked ?? (first === undefined ? configured : undefined)
  if (wanted !== undefined) return { chosen: wanted, known: known(wanted) }
  if (first === undefined) return { none: true }
  if (others.length === 0) return { chosen: first.arn, known: true }
  if (configured !== undefined && known(configured)) return { chosen: configured, known: true }
  const inUse = profilesOfOtherPrograms(question.accounts, question.login).find(known)
  return inUse === undefined ? { choose: profiles } : { chosen: inUse, known: true }
}

function profilesOfOtherPrograms(accounts: readonly Account[], login: Login): readonly string[] {
  if (login.kind !== "idc") return []
  return accounts
    .flatMap((account) => account.logins)
    .filter((other) => other.kind === "idc" && other.source !== "own" && other.startUrl === login.startUrl)
    .flatMap((other) => other.profileArn ?? [])
}
