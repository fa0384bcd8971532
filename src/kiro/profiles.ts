import { isObject, stringField } from "../json.ts"
import { regionOfArn } from "./endpoints.ts"

/** One profile of a login: what its company pays from, in one service region. */
export interface KiroProfile {
  readonly arn: string
  readonly name: string
  readonly region: string
  readonly active: boolean
}

export interface ProfilePage {
  readonly profiles: readonly KiroProfile[]
  readonly nextToken?: string
}

/** Reads one page of ListAvailableProfiles; `undefined` where the body is no such list. */
export function readProfiles(body: unknown): ProfilePage | undefined {
  if (!isObject(body) || !Array.isArray(body["profiles"])) return undefined
  const nextToken = stringField(body, "nextToken")
  return {
    profiles: body["profiles"].flatMap((profile) => readProfile(profile) ?? []),
    ...(nextToken !== undefined && { nextToken }),
  }
}

function readProfile(profile: unknown): KiroProfile | undefined {
  if (!isObject(profile)) return undefined
  const arn = stringField(profile, "arn", "profileArn")
  const region = regionOfArn(arn)
  if (arn === undefined || region === undefined) return undefined
  return {
    arn,
    name: stringField(profile, "profileName", "name") ?? arn.slice(arn.lastIndexOf("/") + 1),
    region,
    active: (stringField(profile, "status") ?? "ACTIVE") === "ACTIVE",
  }
}
