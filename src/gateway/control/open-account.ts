import { type AccountStore, type Credential, loginRegionOf } from "../../accounts/index.ts"
import { serviceRegionOf } from "../../kiro/index.ts"
import type { Settings } from "../../settings/index.ts"
import type { FreshTokens } from "../dependencies.ts"
import type { ControlAccess, ControlTarget } from "./call.ts"

/** An account with a token that works, ready to be asked about. */
export interface OpenedAccount {
  readonly loginId: string
  readonly target: ControlTarget
}

/** `undefined` where the account is gone or none of its logins gives a token now. */
export type OpenAccount = (accountId: string, signal: AbortSignal) => Promise<OpenedAccount | undefined>

export function accountOpener(options: {
  readonly store: Pick<AccountStore, "get">
  readonly tokens: FreshTokens
  readonly settings: Pick<Settings, "defaultRegion">
}): OpenAccount {
  const { store, tokens, settings } = options
  return async (accountId, signal) => {
    const account = await store.get(accountId)
    if (account === undefined) return undefined
    const credential = await tokens.fresh({ account, signal })
    if ("unavailable" in credential) return undefined
    const { login, profileArn } = credential
    const loginRegion = loginRegionOf(login)
    const service = serviceRegionOf({ profileArn, loginRegion, defaultRegion: settings.defaultRegion })
    if ("unsupported" in service) return undefined
    const target: ControlTarget = {
      serviceRegion: service.region,
      access: accessOf(credential),
      rememberedHost: account.hosts["control"],
      renew: async (rejected) => {
        const renewed = await tokens.fresh({ account, rejected: [rejected], signal })
        return "unavailable" in renewed ? undefined : accessOf(renewed)
      },
    }
    return { loginId: login.id, target }
  }
}

function accessOf({ accessToken, tokenType, profileArn }: Credential): ControlAccess {
  return { accessToken, tokenType, profileArn }
}
