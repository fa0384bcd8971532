import { accessOf, type Login, loginRegionOf } from "../../accounts/index.ts"
import { asObject, present } from "../../json.ts"
import {
  GOVERNMENT_REGIONS,
  type KiroFailure,
  type KiroProfile,
  networkFailure,
  ORIGIN,
  type Page,
  readModelEntries,
  readProfiles,
  readUsageLimits,
  SERVICE_REGIONS,
  serviceRegionOf,
  type UsageLimits,
} from "../../kiro/index.ts"
import {
  callControl,
  type ControlAccess,
  type ControlAnswer,
  type ControlClient,
  type ControlTarget,
  type Unanswered,
} from "./call.ts"

export type UsageAnswer =
  | { readonly outcome: "known"; readonly limits: UsageLimits; readonly host: string }
  /** Some accounts have no usage to ask for; they chat all the same. */
  | { readonly outcome: "unsupported" }
  | Unanswered

const USAGE_PARAMETERS = { origin: ORIGIN, resourceType: "AGENTIC_REQUEST", isEmailRequired: "true" }

/** Asks what an account has used. Where the full question is a feature that the account lacks, the bare one is asked. */
export async function fetchUsage(
  client: ControlClient,
  target: ControlTarget,
  signal?: AbortSignal,
): Promise<UsageAnswer> {
  const ask = (parameters: Readonly<Record<string, string>>): Promise<ControlAnswer> =>
    callControl(client, target, {
      operation: "usage",
      parameters: { ...parameters, ...profileOf(target) },
      signal,
    })
  const full = await ask(USAGE_PARAMETERS)
  const answer = isUnsupported(full) ? await ask({ origin: ORIGIN }) : full
  if (isUnsupported(answer)) return { outcome: "unsupported" }
  if (answer.outcome === "failed") return answer
  const limits = readUsageLimits(answer.body)
  if (limits === undefined) return failed("the answer is no usage")
  return { outcome: "known", limits, host: answer.host }
}

function isUnsupported(answer: ControlAnswer): boolean {
  return answer.outcome === "failed" && answer.failure.kind === "feature-not-supported"
}

/** The same of a login, with its own token and profile: it tells who that is. */
export async function fetchOwner(asked: {
  readonly client: ControlClient
  readonly login: Login
  readonly defaultRegion: string
  readonly signal?: AbortSignal | undefined
}): Promise<UsageAnswer> {
  const { client, login, defaultRegion, signal } = asked
  const place = targetOf(login, defaultRegion)
  return place.outcome === "failed" ? place : fetchUsage(client, place.target, signal)
}

/** Where a login is asked about, with its own token and profile. */
export function targetOf(
  login: Login,
  defaultRegion: string,
): { readonly outcome: "served"; readonly target: ControlTarget } | Unanswered {
  const { profileArn } = login
  const service = serviceRegionOf({ profileArn, loginRegion: loginRegionOf(login), defaultRegion })
  if (service.outcome === "unsupported") {
    const message = `Kiro is not served from ${service.region}`
    return { outcome: "failed", failure: { kind: "not-authorized", status: 0, message } }
  }
  const access = { ...accessOf(login), profileArn }
  return { outcome: "served", target: { serviceRegion: service.region, access } }
}

export type Paged<Item> = { readonly outcome: "list"; readonly items: readonly Item[] } | Unanswered

/** The whole list of an account in its service region, as the service's own entries. An empty list is a failure. */
export async function fetchModels(
  client: ControlClient,
  target: ControlTarget,
  signal?: AbortSignal,
): Promise<Paged<unknown>> {
  const list = await readPages({
    ask: (nextToken) =>
      callControl(client, target, {
        operation: "models",
        parameters: { origin: ORIGIN, ...profileOf(target), ...nextToken },
        signal,
      }),
    read: readModelEntries,
  })
  return list.outcome === "list" && list.items.length === 0 ? failed("the model list is empty") : list
}

function profileOf({ access: { profileArn } }: ControlTarget): { readonly profileArn?: string } {
  return present({ profileArn })
}

export interface ProfileSearch {
  readonly access: ControlAccess
  readonly renew?: ControlTarget["renew"]
  /** Of an Identity Center login; a GovCloud one has its profiles in GovCloud. */
  readonly loginRegion?: string | undefined
}

export interface FoundProfiles {
  readonly profiles: readonly KiroProfile[]
  /** Of the regions that gave no answer: with one of these an empty list proves nothing. */
  readonly failures: readonly KiroFailure[]
}

/**
 * The profiles of a login in all service regions. A region that does not let the login list profiles has none for it,
 * as with Builder ID and social logins.
 */
export async function fetchProfiles(
  client: ControlClient,
  search: ProfileSearch,
  signal?: AbortSignal,
): Promise<FoundProfiles> {
  const regions = search.loginRegion?.startsWith("us-gov-") ? GOVERNMENT_REGIONS : SERVICE_REGIONS
  const lists = await Promise.all(
    regions.map((serviceRegion) => {
      const target = { ...search, serviceRegion }
      return readPages({
        ask: (nextToken) =>
          callControl(client, target, { operation: "profiles", parameters: nextToken, signal }),
        read: readProfiles,
      })
    }),
  )
  const profiles = lists.flatMap((list) => (list.outcome === "list" ? list.items : []))
  return {
    profiles: [...new Map(profiles.map((profile) => [profile.arn, profile])).values()],
    failures: lists.flatMap((list) =>
      list.outcome === "failed" && !meansNone(list.failure) ? [list.failure] : [],
    ),
  }
}

/** The profile that the token itself stands for, as an API key does. */
export async function fetchOwnProfile(
  client: ControlClient,
  target: ControlTarget,
  signal?: AbortSignal,
): Promise<KiroProfile | undefined> {
  const answer = await callControl(client, target, { operation: "profile", parameters: {}, signal })
  if (answer.outcome === "failed") return undefined
  return readProfiles({ profiles: [asObject(answer.body)["profile"]] })?.items[0]
}

function meansNone({ kind }: KiroFailure): boolean {
  return kind === "not-authorized" || kind === "feature-not-supported"
}

/** Far more than any account has. */
const MOST_PAGES = 20

/** Follows the tokens of a paged list to its end. A page that fails fails the whole: half a list would hide the rest. */
async function readPages<Item>(list: {
  readonly ask: (next: { readonly nextToken?: string }) => Promise<ControlAnswer>
  readonly read: (body: unknown) => Page<Item> | undefined
}): Promise<Paged<Item>> {
  const items: Item[] = []
  const seen = new Set<string>()
  let next: { readonly nextToken?: string } = {}
  for (let count = 0; count < MOST_PAGES; count++) {
    const answer = await list.ask(next)
    if (answer.outcome === "failed") return answer
    const page = list.read(answer.body)
    if (page === undefined) return failed("the answer is no list")
    items.push(...page.items)
    const { nextToken } = page
    if (nextToken === undefined || seen.has(nextToken)) return { outcome: "list", items }
    seen.add(nextToken)
    next = { nextToken }
  }
  return failed("the list has no end")
}

function failed(message: string): Unanswered {
  return { outcome: "failed", failure: networkFailure(new Error(message)) }
}
