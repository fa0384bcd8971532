import { accessOf, type Account, isIdentityCenter, type Login, loginRegionOf } from "../accounts/index.ts"
import { type ControlClient, fetchProfiles } from "../gateway/index.ts"
import { type KiroFailure, type KiroProfile, profileToUse } from "../kiro/index.ts"
import type { Settings } from "../settings/index.ts"

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
  readonly login: Login
  /** All that are here: what another program uses may be meant. */
  readonly accounts: readonly Account[]
}

/** Which profile a login is to use, and the active ones that the service lists for it, of all service regions. */
export async function findProfile(
  by: { readonly client: ControlClient; readonly settings: Settings; readonly signal: AbortSignal },
  question: ProfileQuestion,
): Promise<{ readonly profile: ProfileChoice; readonly profiles: readonly KiroProfile[] }> {
  const { login } = question
  if (login.kind === "api-key" || login.profileArn !== undefined)
    return { profile: { state: "not-needed" }, profiles: [] }
  const search = { access: accessOf(login), loginRegion: loginRegionOf(login) }
  const found = await fetchProfiles(by.client, search, by.signal)
  const profiles = found.profiles.filter(({ active }) => active)
  const profile = pickProfile({
    ...question,
    configured: isIdentityCenter(login) ? by.settings.idcProfileArn : undefined,
    profiles,
    failure: found.failures[0],
  })
  return { profile, profiles }
}

/**
 * The profile that was asked for; else the only one; else the one of the settings; else the one that kiro-cli uses
 * with the same Identity Center.
 */
export function pickProfile({
  asked,
  login,
  accounts,
  configured,
  profiles,
  failure,
}: ProfileQuestion & {
  /** That of the settings. */
  readonly configured: string | undefined
  readonly profiles: readonly KiroProfile[]
  /** A region gave no answer: with it an empty list proves nothing. */
  readonly failure?: KiroFailure | undefined
}): ProfileChoice {
  const isListed = (arn: string): boolean => profiles.some((profile) => profile.arn === arn)
  const chosen = (arn: string): ProfileChoice => ({
    state: "chosen",
    arn,
    listed: failure !== undefined || isListed(arn),
  })
  const wanted = asked ?? (profiles.length === 0 ? configured : undefined)
  if (wanted !== undefined) return chosen(wanted)
  if (profiles.length === 0) {
    if (!isIdentityCenter(login)) return { state: "not-needed" }
    return failure === undefined ? { state: "none" } : { state: "unknown", failure }
  }
  const inUse = profilesOfOtherPrograms(accounts, login)
  const found = profileToUse(profiles, [configured, ...inUse])
  return found === undefined ? { state: "open" } : chosen(found.arn)
}

function profilesOfOtherPrograms(accounts: readonly Account[], login: Login): readonly string[] {
  if (login.kind !== "idc") return []
  return accounts
    .flatMap((account) => account.logins)
    .filter(
      (other) => other.kind === "idc" && other.source !== "own" && companyOf(other) === companyOf(login),
    )
    .flatMap((other) => other.profileArn ?? [])
}

/** Of AWS Builder ID, which is no company's, not every record says so. */
function companyOf(login: Extract<Login, { kind: "idc" }>): string | undefined {
  return isIdentityCenter(login) ? login.startUrl : undefined
}
