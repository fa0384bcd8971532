import { type Account, accountName, isIdentityCenter, type Login, typedName } from "../../accounts/index.ts"
import { fetchProfiles } from "../../gateway/index.ts"
import { regionOfArn, serviceRegionOf } from "../../kiro/index.ts"
import { type Check, type DoctorContext, type Finding, good, problem } from "./finding.ts"

type IdcLogin = Extract<Login, { kind: "idc" }>

/**
 * Login region and service region are two things: an Identity Center is in the region where the company set it up, a
 * profile only where Kiro is served.
 */
export const regionsCheck: Check = {
  title: "Regions",
  async look(context) {
    const { settings } = context
    const accounts = context.accounts.map(({ account }) => account).filter(({ enabled }) => enabled)
    const findings = await Promise.all(accounts.map((account) => accountFindings(context, account)))
    return [...accounts.flatMap((account) => settingsFindings(account, settings)), ...findings.flat()]
  },
}

/** `idc_region` is where the company's Identity Center is, and must not be the region of the profile. */
function settingsFindings(
  account: Account,
  { idcStartUrl, idcRegion }: DoctorContext["settings"],
): Finding[] {
  const login = identityCenterLogin(account)
  if (login === undefined || idcRegion === undefined || login.loginRegion === idcRegion) return []
  if (idcStartUrl !== undefined && !sameUrl(idcStartUrl, login.startUrl)) return []
  return [
    problem(
      `idc_region is ${idcRegion}, but ${accountName(account)} is logged in to ${login.loginRegion}`,
      `Set idc_region to ${login.loginRegion}: it is the region of the Identity Center, not of Kiro.`,
    ),
  ]
}

async function accountFindings(context: DoctorContext, account: Account): Promise<Finding[]> {
  const name = accountName(account)
  const choose = `${context.command} accounts profile ${typedName(name)}`
  const login = identityCenterLogin(account)
  const profileArn =
    account.profileArn ?? account.logins.find((one) => one.profileArn !== undefined)?.profileArn
  const { defaultRegion } = context.settings
  const service = serviceRegionOf({ profileArn, loginRegion: login?.loginRegion, defaultRegion })
  if ("unsupported" in service)
    return [
      problem(
        `${name}: Kiro is not served in ${service.unsupported}`,
        `Choose a profile where it is: \`${choose}\``,
      ),
    ]
  if (login === undefined) return []
  const known = await profilesOf(context, account)
  const there = `logged in to ${login.loginRegion}`
  if (profileArn === undefined)
    return [
      problem(
        `${name} is ${there} and has no profile, which Identity Center needs`,
        known?.[0] === undefined
          ? `Ask your administrator for access to Kiro; then: \`${choose}\``
          : `Choose one: \`${choose} ${known[0]}\``,
      ),
    ]
  if (known === undefined || known.length === 0 || known.includes(profileArn))
    return [good(`${name}: ${there}, served in ${service.region}`)]
  return [
    problem(
      `${name} is ${there}, and that login has no profile in ${regionOfArn(profileArn) ?? "that region"} as chosen`,
      `Choose one that it has: \`${choose} ${known[0]}\``,
    ),
  ]
}

/** `undefined` where the service could not be asked: an empty list would prove something. */
async function profilesOf(context: DoctorContext, account: Account): Promise<readonly string[] | undefined> {
  const credential = await context.tokens.fresh({ account })
  if ("unavailable" in credential) return undefined
  const loginRegion = identityCenterLogin(account)?.loginRegion
  const { profiles, failures } = await fetchProfiles(context.client, { access: credential, loginRegion })
  return failures.length > 0 ? undefined : profiles.map(({ arn }) => arn)
}

function identityCenterLogin({ logins }: Account): IdcLogin | undefined {
  return logins.find((login): login is IdcLogin => login.kind === "idc" && isIdentityCenter(login))
}

function sameUrl(one: string, other: string | undefined): boolean {
  const plain = (url: string): string => url.toLowerCase().replace(/[/#]+$/, "")
  return other !== undefined && plain(one) === plain(other)
}
