import {
  GOVERNMENT_REGIONS,
  type KiroFailure,
  type KiroProfile,
  readProfiles,
  SERVICE_REGIONS,
} from "../../kiro/index.ts"
import { callControl, type ControlAccess, type ControlClient, type ControlTarget } from "./call.ts"
import { type Paged, readPages } from "./pages.ts"

export interface ProfileSearch {
  readonly access: ControlAccess
  readonly renew?: ControlTarget["renew"]
  /** Of an Identity Center login; a GovCloud one has its profiles in GovCloud. */
  readonly loginRegion?: string | undefined
}

export interface FoundProfiles {
  readonly profiles: readonly KiroProfile[]
  /** The regions that gave no answer: with one of these an empty list proves nothing. */
  readonly failures: readonly { readonly serviceRegion: string; readonly failure: KiroFailure }[]
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
  const answers = await Promise.all(
    regions.map(async (serviceRegion) => ({
      serviceRegion,
      list: await listProfiles(client, { ...search, serviceRegion }, signal),
    })),
  )
  const profiles = answers.flatMap(({ list }) => ("items" in list ? list.items : []))
  return {
    profiles: [...new Map(profiles.map((profile) => [profile.arn, profile])).values()],
    failures: answers.flatMap(({ serviceRegion, list }) =>
      "failure" in list && !meansNone(list.failure) ? [{ serviceRegion, failure: list.failure }] : [],
    ),
  }
}

async function listProfiles(
  client: ControlClient,
  target: ControlTarget,
  signal: AbortSignal | undefined,
): Promise<Paged<KiroProfile>> {
  return readPages({
    ask: (nextToken) =>
      callControl(client, target, {
        operation: "profiles",
        parameters: nextToken === undefined ? {} : { nextToken },
        signal,
      }),
    read: readProfiles,
  })
}

function meansNone({ kind }: KiroFailure): boolean {
  return kind === "not-authorized" || kind === "feature-not-supported"
}
