import { isObject, parseJson, stringField } from "../../json.ts"
import type { CliRow, CliState } from "./read-logins.ts"

const SOCIAL_PROFILE = "Social_Default_Profile"

export const STATE_KEYS = ["api.codewhisperer.profile", "auth.idc.start-url", "auth.idc.region"] as const

/** The three rows of kiro-cli's table `state` that matter; each value is a JSON text. */
export function readCliState(rows: readonly CliRow[]): CliState {
  const valueOf = (key: (typeof STATE_KEYS)[number]): unknown => {
    const row = rows.find((candidate) => candidate.key === key)
    return row === undefined ? undefined : parseJson(row.value)
  }
  const profile = valueOf("api.codewhisperer.profile")
  const profileArn = isObject(profile) ? stringField(profile, "arn") : undefined
  const profileName = isObject(profile) ? stringField(profile, "profile_name", "profileName") : undefined
  const startUrl = valueOf("auth.idc.start-url")
  const loginRegion = valueOf("auth.idc.region")
  return {
    ...(profileArn === undefined ? {} : { profileArn }),
    profileIsSocial: profileName === SOCIAL_PROFILE,
    ...(typeof startUrl === "string" ? { startUrl } : {}),
    ...(typeof loginRegion === "string" ? { loginRegion } : {}),
  }
}
