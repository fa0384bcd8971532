import { hostHeaders, hostsFor, type KiroHost, networkFailure, serviceRegionOf } from "../../kiro/index.ts"
import type { Account } from "../../accounts/index.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"

const PATIENCE_MS = 8000
/** Tokens are judged by the clock, with a buffer of two minutes. */
const MOST_SKEW_MS = 60_000

/** Each host that is used, whether it answers, and what time it has. */
export const networkCheck: Check = {
  title: "the network",
  async look(context) {
    const hosts = await hostsInUse(context)
    const answers = await Promise.all(hosts.map((host) => knock(context, host)))
    return [
      ...proxyFindings(context),
      ...answers.map(({ finding }) => finding),
      ...clockFindings(context, answers),
    ]
  },
}

interface Answer {
  readonly finding: Finding
  /** The server's time, in epoch ms. */
  readonly at?: number
}

async function hostsInUse({ store, settings }: DoctorContext): Promise<readonly KiroHost[]> {
  const override = settings.endpointOverride
  const accounts = await store.list()
  const names = new Map<string, KiroHost>()
  const regions = new Set(
    accounts.length > 0 ? accounts.map((account) => regionOf(account, settings)) : [DEFAULT_REGION],
  )
  for (const serviceRegion of regions)
    for (const plane of ["runtime", "control"] as const)
      for (const host of hostsFor({ plane, serviceRegion, override })) names.set(host.name, host)
  for (const name of loginHosts(accounts)) names.set(name, { name, baseUrl: override ?? `https://${name}` })
  return [...names.values()]
}

const DEFAULT_REGION = "us-east-1"
const SOCIAL_HOST = "prod.us-east-1.auth.desktop.kiro.dev"

function regionOf(account: Account, { defaultRegion }: { readonly defaultRegion: string }): string {
  const login = account.logins[0]
  const loginRegion = login?.kind === "idc" ? login.loginRegion : undefined
  const service = serviceRegionOf({
    profileArn: account.profileArn ?? login?.profileArn,
    loginRegion,
    defaultRegion,
  })
  return "unsupported" in service ? DEFAULT_REGION : service.region
}

function loginHosts(accounts: readonly Account[]): readonly string[] {
  return accounts.flatMap(({ logins }) =>
    logins.flatMap((login) => {
      if (login.kind === "idc") return `oidc.${login.loginRegion}.amazonaws.com`
      return login.kind === "social" ? SOCIAL_HOST : []
    }),
  )
}

/** Any HTTP answer proves that the host is there: no token is sent. */
async function knock({ runtime }: DoctorContext, host: KiroHost): Promise<Answer> {
  try {
    const response = await runtime.fetch(`${host.baseUrl}/ping`, {
      headers: hostHeaders(host),
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await response.body?.cancel()
    const at = Date.parse(response.headers.get("date") ?? "")
    return { finding: good(`${host.name} answers`), ...(Number.isFinite(at) && { at }) }
  } catch (error) {
    const { message } = networkFailure(error)
    return {
      finding: problem(
        `${host.name} can't be reached: ${message}`,
        "Check the connection, the firewall, HTTPS_PROXY, and NODE_EXTRA_CA_CERTS where your company inspects TLS.",
      ),
    }
  }
}

function clockFindings({ runtime }: DoctorContext, answers: readonly Answer[]): Finding[] {
  const [at] = answers.flatMap((answer) => answer.at ?? [])
  if (at === undefined) return []
  const skew = runtime.clock.now() - at
  if (Math.abs(skew) <= MOST_SKEW_MS) return [good("this machine's clock is right")]
  const minutes = Math.round(Math.abs(skew) / 60_000)
  const way = skew > 0 ? "fast" : "slow"
  return [problem(`this machine's clock is ${minutes} minutes ${way}`, "Set it: tokens are judged by it.")]
}

function proxyFindings({ place }: DoctorContext): Finding[] {
  const proxy = place.env["HTTPS_PROXY"] ?? place.env["https_proxy"]
  if (proxy === undefined || proxy === "") return []
  if (!URL.canParse(proxy))
    return [problem("HTTPS_PROXY is not a URL", "Write it as http://host:port, or unset it.")]
  return [note(`requests go through the proxy ${new URL(proxy).host}`)]
}
