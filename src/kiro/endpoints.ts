/** `runtime` answers chats, `control` answers for models, profiles and usage. */
export type Plane = "runtime" | "control"

export interface KiroHost {
  /** The real host name, also where an override stands for it. */
  readonly name: string
  /** Without a slash at its end. */
  readonly baseUrl: string
}

export type KiroHosts = readonly [KiroHost, ...KiroHost[]]

/** Where Kiro runs for everyone; a profile elsewhere than here and GovCloud does not exist. */
export const SERVICE_REGIONS: readonly string[] = ["us-east-1", "eu-central-1"]
export const GOVERNMENT_REGIONS: readonly string[] = ["us-gov-west-1", "us-gov-east-1"]

/** `mapped`: the region was not a service region and the nearest one was taken. */
export type ServiceRegion =
  | { readonly outcome: "served"; readonly region: string; readonly mapped: boolean }
  | { readonly outcome: "unsupported"; readonly region: string }

/** Kiro is not offered in the China partition: no host of it may ever get a token. */
function isChinaRegion(region: string): boolean {
  return region.startsWith("cn-")
}

/**
 * The region of inference and control: the profile ARN's own; without one the login region, else the default, taken
 * to the service region of its continent. The login region itself is for SSO OIDC alone.
 */
export function serviceRegionOf(known: {
  readonly profileArn?: string | undefined
  readonly loginRegion?: string | undefined
  readonly defaultRegion: string
}): ServiceRegion {
  const fromArn = regionOfArn(known.profileArn)
  if (fromArn !== undefined) {
    return isServiceRegion(fromArn) ? served(fromArn) : { outcome: "unsupported", region: fromArn }
  }
  const region = known.loginRegion ?? known.defaultRegion
  if (isChinaRegion(region)) return { outcome: "unsupported", region }
  if (isServiceRegion(region)) return served(region)
  const european = /^(?:eu|eusc|me|il|af)-/.test(region)
  return { outcome: "served", region: european ? "eu-central-1" : "us-east-1", mapped: true }
}

function served(region: string): ServiceRegion {
  return { outcome: "served", region, mapped: false }
}

/** The fourth field of `arn:aws:codewhisperer:<region>:<account>:profile/<id>`. */
export function regionOfArn(arn: string | undefined): string | undefined {
  if (arn === undefined || !arn.startsWith("arn:")) return undefined
  return arn.split(":")[3] || undefined
}

function isServiceRegion(region: string): boolean {
  return SERVICE_REGIONS.includes(region) || GOVERNMENT_REGIONS.includes(region)
}

/**
 * The hosts of a plane, in the order in which they are tried: `q.<region>.amazonaws.com`, then the newer
 * `runtime.` or `management.<region>.kiro.dev`; the one that last worked for the account comes first. GovCloud has
 * hosts of its own. An override stands for every host; the real name then travels in a header (see `hostHeaders`).
 */
export function hostsFor(wanted: {
  readonly plane: Plane
  readonly serviceRegion: string
  readonly override?: string | undefined
  readonly remembered?: string | undefined
}): KiroHosts {
  const names = hostNames(wanted.plane, wanted.serviceRegion)
  const first = names.find((name) => name === wanted.remembered) ?? names[0]
  const base = wanted.override?.replace(/\/+$/, "")
  const toHost = (name: string): KiroHost => ({ name, baseUrl: base ?? `https://${name}` })
  return [toHost(first), ...names.filter((name) => name !== first).map(toHost)]
}

function hostNames(plane: Plane, region: string): readonly [string, ...string[]] {
  if (GOVERNMENT_REGIONS.includes(region)) {
    const management = plane === "control" && region === "us-gov-west-1"
    return [`q-fips.${region}.amazonaws.com`, ...(management ? [`management.${region}.kiro.dev`] : [])]
  }
  return [
    `q.${region}.amazonaws.com`,
    plane === "runtime" ? `runtime.${region}.kiro.dev` : `management.${region}.kiro.dev`,
  ]
}

/** Tells a stand-in which host it stands for; nothing where the host is the real one. */
export function hostHeaders(host: KiroHost): Readonly<Record<string, string>> {
  return host.baseUrl === `https://${host.name}` ? {} : { "x-kiro-original-host": host.name }
}
