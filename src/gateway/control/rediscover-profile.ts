import { accountName, type AccountStore, type Notice } from "../../accounts/index.ts"
import type { FreshTokens } from "../dependencies.ts"
import type { ControlClient } from "./call.ts"
import { fetchProfiles } from "./profiles.ts"

export interface ProfileFinder {
  readonly client: ControlClient
  readonly store: AccountStore
  readonly tokens: FreshTokens
  readonly notify: (notice: Notice) => void
}

/** The one profile that the login has now; where there are several the user has to choose. */
export async function rediscoverProfile(
  { client, store, tokens, notify }: ProfileFinder,
  accountId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const account = await store.get(accountId)
  if (account === undefined) return false
  const credential = await tokens.fresh({ account, signal })
  if ("unavailable" in credential) return false
  const { login } = credential
  const loginRegion = login.kind === "idc" ? login.loginRegion : undefined
  const { profiles } = await fetchProfiles(client, { access: credential, loginRegion }, signal)
  const active = profiles.filter((profile) => profile.active)
  const [only, ...others] = active
  if (only === undefined || only.arn === credential.profileArn) return false
  if (others.length > 0) {
    notify({ kind: "profile-choice", account: accountName(account), profiles: active.map(({ arn }) => arn) })
    return false
  }
  await store.update(accountId, (current) => {
    const { profileArn: _, ...rest } = current
    const logins = current.logins.map((known) =>
      known.id === login.id ? { ...known, profileArn: only.arn } : known,
    )
    return { ...rest, logins }
  })
  return true
}
