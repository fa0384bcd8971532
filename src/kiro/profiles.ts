import * as z from "zod/mini"
import { isObject, plainName, present, stringField } from "../json.ts"
import { regionOfArn } from "./endpoints.ts"
import { text } from "./lenient.ts"

/** One profile of a login: what its company pays from, in one service region. */
export interface KiroProfile {
  readonly arn: string
  readonly name: string
  readonly region: string
  readonly active: boolean
}

/** Several clients send it for every Builder ID, which has none of its own. */
export const BUILDER_ID_PROFILE_ARN = "arn:aws:codewhisperer:us-east-1:638616132270:profile/AAAACCCCXXXX"

/** One page of a list of the control plane. */
export interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextToken?: string
}

const profilePage = z.object({ profiles: z.array(z.unknown()), nextToken: text() })
const profileEntry = z.object({
  arn: text(),
  profileArn: text(),
  profileName: text(),
  name: text(),
  status: text(),
})

const modelPage = z.union([
  z.object({ models: z.array(z.unknown()), nextToken: text() }),
  z.object({ availableModels: z.array(z.unknown()), nextToken: text() }),
])

/** Reads one page of ListAvailableProfiles; `undefined` where the body is no such list. */
export function readProfiles(body: unknown): Page<KiroProfile> | undefined {
  const page = profilePage.safeParse(body)
  if (!page.success) return undefined
  const { profiles, nextToken } = page.data
  return { items: profiles.flatMap(readProfile), ...present({ nextToken }) }
}

function readProfile(entry: unknown): KiroProfile[] {
  const read = profileEntry.safeParse(entry)
  if (!read.success) return []
  const { arn = read.data.profileArn, profileName, name, status = "ACTIVE" } = read.data
  const region = regionOfArn(arn)
  if (arn === undefined || region === undefined) return []
  const ownName = profileName ?? name ?? arn.slice(arn.lastIndexOf("/") + 1)
  return [{ arn, name: plainName(ownName), region, active: status === "ACTIVE" }]
}

/**
 * The profile to use of those that a login has: the only one, else the first of the preferred that is among them;
 * `undefined` where its user has to choose.
 */
export function profileToUse(
  profiles: readonly KiroProfile[],
  preferred: readonly (string | undefined)[],
): KiroProfile | undefined {
  const [only, ...others] = profiles
  if (others.length === 0) return only
  return preferred.flatMap((wanted) => profiles.find(({ arn }) => arn === wanted) ?? [])[0]
}

/** The service's own entries of one page of ListAvailableModels, each with an id, as they are kept (`modelsOf`). */
export function readModelEntries(body: unknown): Page<unknown> | undefined {
  const page = modelPage.safeParse(body)
  if (!page.success) return undefined
  const { nextToken } = page.data
  const entries = "models" in page.data ? page.data.models : page.data.availableModels
  const items = entries.filter(
    (entry) => isObject(entry) && stringField(entry, "modelId", "id") !== undefined,
  )
  return { items, ...present({ nextToken }) }
}
