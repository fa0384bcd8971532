import { type Account, type Credential, loginRegionOf } from "../../accounts/index.ts"
import { hostsFor, type KiroHosts, serviceRegionOf } from "../../kiro/index.ts"
import type { GatewayContext } from "../dependencies.ts"

/** Where an account's chats can go: the hosts of its profile's region, the one that last worked first. */
export function hostsOf(
  { settings, notify }: GatewayContext,
  account: Account,
  { login, profileArn }: Credential,
): KiroHosts | { readonly unsupported: string } {
  const loginRegion = loginRegionOf(login)
  const { defaultRegion } = settings
  const place = serviceRegionOf({ profileArn, loginRegion, defaultRegion })
  if ("unsupported" in place) return place
  if (place.mapped) notify({ kind: "region-mapped", from: loginRegion ?? defaultRegion, to: place.region })
  return hostsFor({
    plane: "runtime",
    serviceRegion: place.region,
    override: settings.endpointOverride,
    remembered: account.hosts["runtime"],
  })
}
