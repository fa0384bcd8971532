import {
  accountName,
  type AccountStore,
  afterChoiceWanted,
  foundProfile,
  isIdentityCenter,
  loginRegionOf,
  type Notice,
} from "../../accounts/index.ts"
import { chooseProfile } from "../../kiro/index.ts"
import type { Settings } from "../../settings/index.ts"
import type { FreshTokens } from "../context.ts"
import type { ControlClient } from "./call.ts"
import { fetchProfiles } from "./questions.ts"

export interface ProfileFinder {
  readonly client: ControlClient
  readonly store: AccountStore
  readonly tokens: FreshTokens
  readonly settings: Pick<Settings, "idcProfileArn">
  readonly notify: (notice: Notice) => void
}

/**
 * Looks the profile of an account's login up again, in all service regions, and keeps it; whether it is another than
 * before. One that the user chose for the account stays. Where several are left to choose from, the user is asked.
 */
export async function rediscoverProfile(
  { client, store, tokens, settings, notify }: ProfileFinder,
  accountId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const account = await store.get(accountId)
  if (account === undefined || account.profileArn !== undefined) return false
  const credential = await tokens.fresh({ account, signal })
  if ("unavailable" in credential || credential.login.kind === "api-key") return false
  const { login } = credential
  const loginRegion = loginRegionOf(login)
  const { profiles } = await fetchProfiles(client, { access: credential, loginRegion }, signal)
  const active = profiles.filter((profile) => profile.active)
  // Where the service lists none, the user's word is all there is; no other kind of login needs a profile of its own.
  const untold = active.length === 0 && isIdentityCenter(login) ? settings.idcProfileArn : undefined
  const chosen = chooseProfile(active, settings.idcProfileArn)?.arn ?? untold
  if (chosen === undefined && active.length > 0) {
    const choice = { profiles: active.map(({ arn }) => arn), now: client.runtime.clock.now() }
    await store.update(accountId, (current) => afterChoiceWanted(current, choice))
    notify({ kind: "profile-choice", account: accountName(account), profiles: choice.profiles })
  }
  if (chosen === undefined || chosen === credential.profileArn) return false
  await store.update(accountId, (current) => foundProfile(current, { loginId: login.id, profileArn: chosen }))
  return true
}
