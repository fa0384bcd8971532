import { hostHeaders, type KiroHost, networkFailure } from "../../kiro/index.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"
import { type HostGroup, hostsInUse } from "./hosts-in-use.ts"
import { proxyFindings } from "./proxy.ts"

const PATIENCE_MS = 8000
/** Tokens are judged by the clock, with a buffer of two minutes. */
const MOST_SKEW_MS = 60_000
const MINUTE_MS = 60_000

/** Whether each host that is used answers, and what time it has. */
export const networkCheck: Check = {
  title: "Network and clock",
  async look(context) {
    const proxy = await proxyFindings(context.place.env)
    // Behind a proxy that can't work no host answers: one cause is one finding.
    if (proxy.some(({ level }) => level === "problem")) return proxy
    const groups = await Promise.all(hostsInUse(context).map((group) => knockAtGroup(context, group)))
    return [...proxy, ...findingsOf(groups), ...clockFindings(groups.flat())]
  },
}

type Answer = { readonly host: KiroHost } & (
  | { readonly skewMs: number | undefined }
  | { readonly failure: string }
)

function knockAtGroup(context: DoctorContext, { hosts }: HostGroup): Promise<readonly Answer[]> {
  return Promise.all(hosts.map((host) => knock(context, host)))
}

/** Any HTTP answer proves that the host is there: no token is sent. */
async function knock({ runtime }: DoctorContext, host: KiroHost): Promise<Answer> {
  const { clock } = runtime
  try {
    const response = await runtime.fetch(`${host.baseUrl}/ping`, {
      headers: hostHeaders(host),
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    await response.body?.cancel()
    const at = Date.parse(response.headers.get("date") ?? "")
    return { host, skewMs: Number.isFinite(at) ? clock.now() - at : undefined }
  } catch (error) {
    return { host, failure: networkFailure(error).message }
  }
}

/** Where one host of a group answers, the plugin uses that one. */
function findingsOf(groups: readonly (readonly Answer[])[]): Finding[] {
  return groups.flatMap((answers) => {
    const works = answers.find((answer) => "skewMs" in answer)
    return answers.map((answer) => {
      const { name } = answer.host
      if (!("failure" in answer)) return good(`${name} answers`)
      if (works !== undefined)
        return note(`${name} can't be reached, ${works.host.name} is used instead: ${answer.failure}`)
      return problem(
        `${name} can't be reached: ${answer.failure}`,
        "Check the connection, the firewall, HTTPS_PROXY, and NODE_EXTRA_CA_CERTS where your company inspects TLS.",
      )
    })
  })
}

function clockFindings(answers: readonly Answer[]): Finding[] {
  const [skew] = answers.flatMap((answer) => ("skewMs" in answer ? (answer.skewMs ?? []) : []))
  if (skew === undefined) return []
  if (Math.abs(skew) <= MOST_SKEW_MS) return [good("the clock of this computer is right")]
  const minutes = Math.max(1, Math.round(Math.abs(skew) / MINUTE_MS))
  const amount = minutes === 1 ? "a minute" : `${minutes} minutes`
  return [
    problem(
      `the clock of this computer is ${amount} ${skew > 0 ? "fast" : "slow"}`,
      "Set it, best by network time: whether a token is still good is judged by it.",
    ),
  ]
}
