import { type Account, loginRegionOf } from "../../accounts/index.ts"
import { hostsFor, type KiroHost, serviceRegionOf } from "../../kiro/index.ts"
import type { DoctorContext } from "./finding.ts"

/** Hosts of which one that answers is enough. */
export interface HostGroup {
  readonly hosts: readonly KiroHost[]
}

const SOCIAL_HOST = "prod.us-east-1.auth.desktop.kiro.dev"

/** The hosts of chats, look-ups and sign-in that the accounts use; without any, those of the default region. */
export function hostsInUse({ accounts, settings }: DoctorContext): readonly HostGroup[] {
  const { defaultRegion, endpointOverride: override } = settings
  const known = accounts.map(({ account }) => account)
  const regions = known.length > 0 ? known.flatMap((account) => regionsOf(account)) : [{}]
  const service = new Set(
    regions.map((found) => serviceRegionOf({ defaultRegion, ...found })).flatMap(supported),
  )
  const planes = [...service].flatMap((serviceRegion) =>
    (["runtime", "control"] as const).map((plane) => hostsFor({ plane, serviceRegion, override })),
  )
  const signIn = new Set(known.flatMap(signInHosts))
  const groups = [
    ...planes.map((hosts) => ({ hosts })),
    ...[...signIn].map((name) => ({ hosts: [{ name, baseUrl: override ?? `https://${name}` }] })),
  ]
  return withoutRepeats(groups)
}

interface Regions {
  readonly profileArn?: string | undefined
  readonly loginRegion?: string | undefined
}

function regionsOf(account: Account): readonly Regions[] {
  return account.logins.map((login) => ({
    profileArn: account.profileArn ?? login.profileArn,
    loginRegion: loginRegionOf(login),
  }))
}

function supported(service: ReturnType<typeof serviceRegionOf>): readonly string[] {
  return "unsupported" in service ? [] : [service.region]
}

function signInHosts({ logins }: Account): readonly string[] {
  return logins.flatMap((login) => {
    switch (login.kind) {
      case "idc":
        return [`oidc.${login.loginRegion}.amazonaws.com`]
      case "social":
        return [SOCIAL_HOST]
      case "external-idp":
      case "api-key":
        return []
      default:
        return login satisfies never
    }
  })
}

/** `q.<region>` serves chats and look-ups: it is asked once, in the first group that has it. */
function withoutRepeats(groups: readonly HostGroup[]): readonly HostGroup[] {
  return groups.map(({ hosts }, index) => ({
    hosts: hosts.filter(
      ({ name }) => !groups.slice(0, index).some((group) => group.hosts.some((one) => one.name === name)),
    ),
  }))
}
