import { type Account, isLocking, REVOKED_WORDS } from "../../accounts/index.ts"
import type { LoginReport } from "./complete.ts"
import type { KiroProfile } from "../../kiro/index.ts"
import type { LoginMessage } from "./dependencies.ts"

/** What a finished sign-in says: who was added or renewed, what it may use, and what is left to do. */
export function describeLogin(report: LoginReport, nameOf: (account: Account) => string): LoginMessage {
  const name = nameOf(report.account)
  const lines = [report.known ? `${name} was signed in again.` : `${name} was added.`]
  const shortId = name.split("··").at(-1) ?? name
  const trouble = [...profileTrouble(report, shortId), ...serviceTrouble(report, name)]
  if (typeof report.models === "number") lines.push(`${report.models} models.`)
  const profile = profileLine(report)
  if (profile !== undefined) lines.push(profile)
  return { message: [...lines, ...trouble].join("\n"), variant: trouble.length === 0 ? "success" : "warning" }
}

function profileLine({ profile, profiles }: LoginReport): string | undefined {
  if (!("chosen" in profile)) return undefined
  const known = profiles.find(({ arn }) => arn === profile.chosen)
  return known === undefined ? undefined : `Profile: ${describeProfile(known)}`
}

function profileTrouble({ profile, profiles }: LoginReport, shortId: string): readonly string[] {
  if ("notNeeded" in profile) return []
  if ("unknown" in profile)
    return [
      `The sign-in is kept, but its Kiro profile could not be looked up (${profile.unknown.message}). ` +
        "Sign in again later, or set idc_profile_arn in kiro.json.",
    ]
  if ("none" in profile)
    return [
      "The sign-in is kept, but it may use no Kiro profile in any region yet. Ask your administrator to give you a " +
        "Kiro subscription, then sign in again; or set idc_profile_arn in kiro.json if you know the profile.",
    ]
  if ("choose" in profile)
    return [
      "The sign-in is kept. It may use several Kiro profiles; choose one with " +
        `\`npx opencode-kiro-auth accounts profile ${shortId} ARN\`, or set idc_profile_arn in kiro.json and sign in again:`,
      ...profile.choose.map((each) => `  ${describeProfile(each)}`),
    ]
  if (profile.known) return []
  const others = profiles.map((each) => `  ${describeProfile(each)}`)
  return [
    `The profile ${profile.chosen} is used as you named it; Kiro does not list it for this sign-in.`,
    ...(others.length === 0 ? [] : ["It lists:", ...others]),
  ]
}

function serviceTrouble({ failure, models }: LoginReport, name: string): readonly string[] {
  if (failure !== undefined && isLocking(failure)) return [REVOKED_WORDS[failure.kind].sentence(name, "")]
  if (failure !== undefined)
    return [`The sign-in is kept; Kiro did not say yet whose it is (${failure.message}).`]
  if (typeof models === "number") return []
  return [`The list of models could not be fetched yet (${models.failure.message}).`]
}

function describeProfile(profile: KiroProfile): string {
  return `${profile.name} in ${profile.region} (${profile.arn})`
}
