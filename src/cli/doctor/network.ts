import { connect } from "node:net"
import { join } from "node:path"
import { type Account, loginRegionOf } from "../../accounts/index.ts"
import {
  hostHeaders,
  hostsFor,
  type KiroHost,
  networkFailure,
  readKiroFailure,
  serviceRegionOf,
} from "../../kiro/index.ts"
import { asObject, present } from "../../json.ts"
import { oidcOrigin, SOCIAL_ORIGIN } from "../../oauth/index.ts"
import { PROXY_VARIABLES, proxyAddress, readBody } from "../../runtime.ts"
import type { Place } from "../../settings/index.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"
import { globalFolder, majorOf, readConfigFile } from "./opencode-config.ts"

const PATIENCE_MS = 8000
/** Tokens are judged by the clock, with a buffer of two minutes. */
const MOST_SKEW_MS = 60_000
const MINUTE_MS = 60_000

/** Whether each host that is used answers, and what time it has. */
export const networkCheck: Check = {
  title: "Network and clock",
  async look(context) {
    const proxy = await proxyFindings(context.place.env)
    const service = serviceEnvironment(context)
    // Behind a proxy that can't work no host answers: one cause is one finding.
    if (proxy.some(({ level }) => level === "problem")) return [...proxy, ...service]
    const groups = hostsInUse(context)
    // `q.<region>` serves chats and look-ups.
    const hosts = new Map(groups.flat().map((host) => [host.name, host]))
    const answers = await Promise.all([...hosts.values()].map((host) => knock(context, host)))
    return [...proxy, ...service, ...hostFindings(groups, answers), ...clockFindings(answers)]
  },
}

/** `inBetween`: the words of what spoke in the place of the host. */
type Answer = { readonly host: KiroHost } & (
  | { readonly outcome: "answered"; readonly skewMs: number | undefined; readonly inBetween?: string }
  | { readonly outcome: "failed"; readonly failure: string }
)

/** Any HTTP answer of its own proves that the host is there: no token is sent. */
async function knock({ runtime }: DoctorContext, host: KiroHost): Promise<Answer> {
  const { clock } = runtime
  const signal = AbortSignal.timeout(PATIENCE_MS)
  try {
    const response = await runtime.fetch(`${host.baseUrl}/ping`, {
      headers: hostHeaders(host),
      redirect: "manual",
      signal,
    })
    const { status, headers } = response
    const now = clock.now()
    const body = await readBody(response, signal)
    const { message, reason } = readKiroFailure({ status, headers, body, now })
    // No host says this: a proxy does, of all.
    if (status === 407) return { host, outcome: "failed", failure: message }
    const at = Date.parse(headers.get("date") ?? "")
    const inBetween = reason === "PAGE" ? message : undefined
    const skewMs = Number.isFinite(at) ? now - at : undefined
    return { host, outcome: "answered", skewMs, ...present({ inBetween }) }
  } catch (error) {
    return { host, outcome: "failed", failure: networkFailure(error).message }
  }
}

type Groups = readonly (readonly KiroHost[])[]

/** Where nothing answers, one cause is one finding. Where one host of a group does, the plugin uses that one. */
function hostFindings(groups: Groups, answers: readonly Answer[]): readonly Finding[] {
  const failed = answers.flatMap((answer) => (answer.outcome === "failed" ? [answer] : []))
  const [first] = failed
  if (first !== undefined && failed.length === answers.length) {
    const names = failed.map(({ host }) => host.name).join(", ")
    return [problem(`no host of Kiro can be reached (${names}): ${first.failure}`, CHECK_CONNECTION)]
  }
  const isLost = ({ name }: KiroHost): boolean => failed.some(({ host }) => host.name === name)
  return answers.map((answer) => {
    const { name } = answer.host
    if (answer.outcome === "answered") {
      const { inBetween } = answer
      if (inBetween === undefined) return good(`${name} answers`)
      return note(`${name} is answered for by something in between: ${inBetween}`)
    }
    const others = groups
      .filter((group) => group.some((host) => host.name === name))
      .map((group) => group.find((host) => !isLost(host)))
    const [other] = others
    if (other === undefined || others.includes(undefined))
      return problem(`${name} can't be reached: ${answer.failure}`, CHECK_CONNECTION)
    return note(`${name} can't be reached, ${other.name} is used instead: ${answer.failure}`)
  })
}

const CHECK_CONNECTION =
  "Check the connection, the firewall, HTTPS_PROXY, and NODE_EXTRA_CA_CERTS where your company inspects TLS."

function clockFindings(answers: readonly Answer[]): readonly Finding[] {
  const [skew] = answers.flatMap((answer) => (answer.outcome === "answered" ? (answer.skewMs ?? []) : []))
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

/**
 * The hosts of chats, look-ups and sign-in that the accounts use; without any, those of the default region. Of one group
 * one that answers is enough.
 */
function hostsInUse({ accounts, settings }: DoctorContext): Groups {
  const { defaultRegion, endpointOverride: override } = settings
  const known = accounts.map(({ account }) => account)
  const regions = known.length > 0 ? known.flatMap((account) => regionsOf(account)) : [{}]
  const service = new Set(
    regions.map((found) => serviceRegionOf({ defaultRegion, ...found })).flatMap(supported),
  )
  const planes = [...service].flatMap((serviceRegion) =>
    (["runtime", "control"] as const).map((plane) => hostsFor({ plane, serviceRegion, override })),
  )
  const signIn = new Set(known.flatMap(signInOrigins))
  return [
    ...planes,
    ...[...signIn].map((origin) => [{ name: new URL(origin).host, baseUrl: override ?? origin }]),
  ]
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
  return service.outcome === "unsupported" ? [] : [service.region]
}

function signInOrigins({ logins }: Account): readonly string[] {
  return logins.flatMap((login) => {
    switch (login.kind) {
      case "idc": {
        const oidc = oidcOrigin(login.loginRegion)
        return oidc.outcome === "origin" ? [oidc.origin] : []
      }
      case "social":
        return [SOCIAL_ORIGIN]
      case "external-idp":
      case "api-key":
        return []
      default:
        return login satisfies never
    }
  })
}

const PROXY_PATIENCE_MS = 5000

/** Whether the proxy that the environment names can be one, and is there. Its password is never shown. */
async function proxyFindings(env: Place["env"]): Promise<readonly Finding[]> {
  const [name] = PROXY_VARIABLES.filter((candidate) => env[candidate])
  if (name === undefined) return []
  const url = URL.parse(proxyAddress(env[name] ?? ""))
  if (url === null || !/^https?:$/.test(url.protocol))
    return [problem(`${name} is no proxy's address`, "Write it as http://host:port, or unset it.")]
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80))
  if (await isThere(url.hostname, port)) return [note(`requests go through the proxy ${url.host} (${name})`)]
  return [
    problem(
      `the proxy ${url.host} (${name}) can't be reached`,
      `Start it, connect to its network, or unset ${name}.`,
    ),
  ]
}

function isThere(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port, timeout: PROXY_PATIENCE_MS })
    const done = (there: boolean): void => {
      socket.destroy()
      resolve(there)
    }
    socket.once("connect", () => done(true))
    socket.once("error", () => done(false))
    socket.once("timeout", () => done(false))
  })
}

const SEEN_BY_SERVICE = /^(?:KIRO_\w+|KIROCLI_\w+|HTTPS?_PROXY|NO_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+)$/i

/** OpenCode 2 answers from one background service, which has not the environment of the shell it is called from. */
function serviceEnvironment({ opencode, place, paths }: DoctorContext): readonly Finding[] {
  if (majorOf(opencode) !== 2) return []
  const service = readConfigFile(join(globalFolder(paths), "service.json")).document
  const known = Object.keys(asObject(service["env"]))
  const here = Object.keys(place.env).filter((name) => SEEN_BY_SERVICE.test(name))
  const unseen = here.filter((name) => !known.includes(name))
  if (unseen.length === 0) return []
  return [
    note(
      `OpenCode's background service may not see ${unseen.join(", ")} of this shell; give it them with: \`opencode service set env ${unseen[0]} VALUE\``,
    ),
  ]
}
