import { type Account, accountName } from "../../accounts/index.ts"
import { serviceRegionOf } from "../../kiro/index.ts"
import { moment } from "../words.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"

/** Every account's state, its regions, and the stores that logins come from. */
export const accountsCheck: Check = {
  title: "the accounts",
  async look(context) {
    const accounts = await context.store.list()
    const sources = await sourceFindings(context, accounts)
    return [...sources, ...accounts.flatMap((account) => accountFindings(account, context))]
  },
}

/** What other programs keep, and whether it can be read. */
async function sourceFindings(
  context: DoctorContext,
  accounts: readonly Account[],
): Promise<readonly Finding[]> {
  const readings = await Promise.all(context.sources.map((source) => source.read()))
  const logins = readings.flatMap((reading) => reading.logins)
  const unreadable = readings.flatMap(({ problems }) =>
    problems.map(({ file, key, message }) =>
      problem(`${file}${key === undefined ? "" : ` (${key})`}: ${message}`, REPAIR),
    ),
  )
  if (logins.length === 0 && accounts.length === 0 && unreadable.length === 0)
    return [
      problem(
        "nobody is logged in: no account here, nothing in kiro-cli or Kiro IDE",
        "Run: kiro-cli login, or: opencode auth login",
      ),
    ]
  const known = new Set(accounts.flatMap((account) => account.logins.map(({ id }) => id)))
  const waiting = logins.filter(
    ({ login }) => !known.has(login.id) && !isKnownPlace(accounts, login.source, login.sourceKey),
  )
  const fresh = waiting.map(({ login }) => note(`a login of ${login.source} is taken in by the next message`))
  return [...unreadable, ...fresh]
}

const REPAIR = "Log in again with the program that it belongs to, such as kiro-cli login."

function isKnownPlace(accounts: readonly Account[], source: string, sourceKey: string | undefined): boolean {
  return accounts.some(({ logins }) =>
    logins.some((login) => login.source === source && login.sourceKey === sourceKey),
  )
}

function accountFindings(account: Account, { settings, runtime }: DoctorContext): readonly Finding[] {
  return [
    healthFinding(account, runtime.clock.now()),
    ...regionFindings(account, settings.defaultRegion),
    ...account.logins.flatMap((login): Finding[] =>
      login.source === "kiro-cli" && login.revoked !== undefined && account.health.state === "ok"
        ? [problem(`${accountName(account)}: kiro-cli's login has ended`, "Run: kiro-cli login")]
        : [],
    ),
  ]
}

function healthFinding(account: Account, now: number): Finding {
  const name = accountName(account)
  const { health, enabled } = account
  if (!enabled) return note(`${name} is disabled`)
  switch (health.state) {
    case "ok":
      return good(`${name} is ready`)
    case "cooling":
      if (health.until <= now) return good(`${name} is ready`)
      if (health.reason === "not-authorized")
        return problem(
          `${name}: Kiro refuses its profile`,
          `Run: opencode-kiro-auth accounts profile "${name}"`,
        )
      return note(`${name} rests until ${moment(health.until, now)} (${health.reason})`)
    case "revoked":
      return health.reason === "suspended"
        ? problem(
            `${name} is suspended by AWS`,
            `Contact AWS support; when it is lifted: opencode-kiro-auth accounts enable "${name}"`,
          )
        : problem(
            `${name} needs a login`,
            "Run: opencode auth login, or log in with the program it came from.",
          )
    default:
      return health satisfies never
  }
}

/** Login region and service region are two things: a profile lives only where Kiro is served. */
function regionFindings(account: Account, defaultRegion: string): readonly Finding[] {
  const name = accountName(account)
  return account.logins.flatMap((login): Finding[] => {
    const profileArn = account.profileArn ?? login.profileArn
    const loginRegion = login.kind === "idc" ? login.loginRegion : undefined
    const service = serviceRegionOf({ profileArn, loginRegion, defaultRegion })
    if ("unsupported" in service)
      return [
        problem(
          `${name}: Kiro is not served in ${service.unsupported}`,
          `Choose a profile where it is: opencode-kiro-auth accounts profile "${name}"`,
        ),
      ]
    if (login.kind !== "idc" || login.startUrl === undefined || profileArn !== undefined) return []
    return [
      problem(
        `${name} has no profile: Identity Center needs one (login region ${login.loginRegion})`,
        `Run: opencode-kiro-auth accounts profile "${name}"; without any, ask your administrator for access to Kiro.`,
      ),
    ]
  })
}
