import type { FakeAccount } from "./account.ts"
import { FAILURES } from "./failure.ts"
import { regionOfHost } from "./operation.ts"
import type { ReceivedRequest } from "./received.ts"
import type { DocumentReply } from "./reply.ts"

/** A profile that several clients send for every Builder ID; the service takes it. */
const SHARED_BUILDER_ID_ARN = "arn:aws:codewhisperer:us-east-1:638616132270:profile/AAAACCCCXXXX"

/** Whether this account may use this profile on this host; `undefined`: it may. */
export function profileRefusal(
  account: FakeAccount,
  request: ReceivedRequest,
  profileArn: string | undefined,
): DocumentReply | undefined {
  if (profileArn === undefined) return needsProfile(account) ? FAILURES.notAuthorized : undefined
  const region = regionOfHost(request.host)
  if (region !== undefined && region !== regionOfProfile(profileArn)) return FAILURES.invalidProfile
  return mayUse(account, profileArn) ? undefined : FAILURES.notAuthorized
}

/** The profiles that the host's region knows; a host without a region knows all. */
export function profilesIn(account: FakeAccount, host: string): readonly string[] {
  const region = regionOfHost(host)
  return account.profileArns.filter((arn) => region === undefined || regionOfProfile(arn) === region)
}

export function profileDocument(arn: string): unknown {
  const region = regionOfProfile(arn)
  return {
    arn,
    profileName: `KiroProfile-${region}`,
    status: "ACTIVE",
    profileType: "Q_DEVELOPER",
    identityDetails: {
      ssoIdentityDetails: {
        instanceArn: "arn:aws:sso:::instance/ssoins-1234567890abcdef",
        oidcClientId: "client",
        ssoRegion: region,
      },
    },
    permissionUpdateRequired: false,
    optInFeatures: { mcpConfiguration: { toggle: "ON" } },
  }
}

const regionOfProfile = (arn: string): string => arn.split(":")[3] ?? ""

function needsProfile(account: FakeAccount): boolean {
  return account.kind === "identity-center" || account.kind === "external-idp"
}

function mayUse(account: FakeAccount, arn: string): boolean {
  return account.profileArns.includes(arn) || (account.kind === "builder-id" && arn === SHARED_BUILDER_ID_ARN)
}
