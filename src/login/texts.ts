import {
  type Account,
  accountName,
  creditsText,
  isLocking,
  shortId,
  sourceTrouble,
  STATE_WORDS,
} from "../accounts/index.ts"
import { type ImportOutcome, SOURCE_NAMES } from "../import/index.ts"
import { type KiroProfile, planName } from "../kiro/index.ts"
import type { DeviceAuthorization, DeviceAuthorizationError } from "../oauth/index.ts"
import { ownCommand, wordsOf } from "../settings/index.ts"
import type { LoginTarget } from "./input.ts"
import type { LoginReport } from "./keep.ts"

/** What a user is told of a finished sign-in. */
export interface LoginMessage {
  readonly message: string
  readonly variant: "success" | "warning"
}

/** Said once, to who signs in for the first time. */
export const WHAT_KIRO_PERMITS: string =
  "Kiro's FAQ names its own tools, ACP-compatible editors and automation as permitted, not other programs such as " +
  "this one: the risk is yours. The official way is ACP (`kiro-cli acp`)."

/** What a finished sign-in says: who it is, what it may use, and what is left to do. */
export function describeLogin(report: LoginReport): LoginMessage {
  const trouble = [...mistake(report), ...profileTrouble(report), ...serviceTrouble(report)]
  const lines = [
    `${report.known ? "Signed in again" : "Signed in"} as ${describeAccount(report.account)}.`,
    ...(report.models === undefined ? [] : [`${report.models} models.`]),
    ...profileLine(report),
    ...trouble,
    ...(report.first ? [WHAT_KIRO_PERMITS] : []),
  ]
  return { message: lines.join("\n"), variant: trouble.length === 0 ? "success" : "warning" }
}

/** `Builder ID ··a1b2, Kiro Pro+, 812.40 / 2000.00 credits used`, as far as it is known. */
function describeAccount(account: Account): string {
  const { quota } = account
  const plan = quota?.plan === undefined ? [] : [planName(quota.plan)]
  const credits = quota === undefined ? [] : [`${creditsText(quota)} credits used`]
  return [accountName(account), ...plan, ...credits].join(", ")
}

function profileLine({ profile, profiles }: LoginReport): readonly string[] {
  if (profile.state !== "chosen") return []
  const known = profiles.find(({ arn }) => arn === profile.arn)
  return known === undefined ? [] : [`Profile: ${known.name} in ${known.region} (${known.arn})`]
}

function mistake({ mistaken }: LoginReport): readonly string[] {
  if (mistaken === undefined) return []
  const { health } = mistaken
  const hasEnded = health.state === "revoked" && health.reason === "login-expired"
  const left = hasEnded ? ", which still needs its own sign-in" : "; that stays as it was"
  return [`Nothing says that this is ${accountName(mistaken)}${left}.`]
}

function profileTrouble({ profile, profiles, account }: LoginReport): readonly string[] {
  switch (profile.state) {
    case "not-needed":
      return []
    case "unknown":
      return [
        `The sign-in is kept, but its Kiro profile could not be looked up${bracketed(profile.failure.message)}. ` +
          "Sign in again later, or set idc_profile_arn in kiro.json.",
      ]
    case "none":
      return [
        "The sign-in is kept, but it may use no Kiro profile in any region yet. Ask your administrator to give you a " +
          "Kiro subscription, then sign in again; or set idc_profile_arn in kiro.json if you know the profile.",
      ]
    case "open":
      return [
        "The sign-in is kept; it may use several Kiro profiles:",
        ...numberedProfiles(profiles),
        `Choose one: /kiro, or \`${ownCommand()} accounts profile ${shortId(account)} 2\`.`,
      ]
    case "chosen":
      if (profile.listed) return []
      return [
        `The profile ${profile.arn} is used as you named it; Kiro does not list it for this sign-in.`,
        ...(profiles.length === 0 ? [] : ["It lists:", ...numberedProfiles(profiles)]),
      ]
    default:
      return profile satisfies never
  }
}

/** One profile on a line, by a number that can be typed; two of one name differ by the end of their ARN. */
export function numberedProfiles(profiles: readonly KiroProfile[]): readonly string[] {
  return profiles.map(
    ({ name, region, arn }, index) => `  ${index + 1}. ${name} in ${region} (…${arn.slice(-12)})`,
  )
}

function serviceTrouble({ failure, account }: LoginReport): readonly string[] {
  if (failure === undefined) return []
  if (isLocking(failure)) {
    const { sentence, remedy } = STATE_WORDS[failure.kind]
    return [`${sentence(accountName(account), account)}. ${remedy({ account, command: ownCommand() })}`]
  }
  return [`The sign-in is kept; Kiro did not yet say all about it${bracketed(failure.message)}.`]
}

/** The code comes first: OpenCode 1's terminal UI copies the first text of the form ABCD-EFGH. */
export function describeDevice({ userCode, verificationUri: page }: DeviceAuthorization): string {
  return (
    `Code: ${userCode} – open the page in any browser, on any device,\n` +
    `check that it shows this code, and approve. Or open\n${page} and type the code.`
  )
}

/** Where a sign-in was going, for the words about its failure. */
export type Destination = LoginTarget | { readonly kind: "social"; readonly provider: string }

/** Somebody's words in brackets, to stand in a sentence before its full stop; "" for none. */
export function bracketed(message: string): string {
  const words = wordsOf(message).replace(/\.+$/, "")
  return words === "" ? "" : ` (${words})`
}

/** What went wrong and what to do about it. */
export function describeLoginFailure(error: DeviceAuthorizationError, destination: Destination): string {
  switch (error.code) {
    case "access_denied":
      return "The sign-in was denied in the browser. Nothing was stored."
    case "expired_token":
      return "The code was not approved in time. Sign in once more to get a new one."
    case "unreachable":
      return `${hostOf(destination)} could not be reached${bracketed(error.message)}. Check the network${
        destination.kind === "identity-center" ? `, the region ${destination.loginRegion}` : ""
      }, HTTPS_PROXY and NODE_EXTRA_CA_CERTS.`
    case "service-error":
      return `${hostOf(destination)} has a fault of its own${bracketed(error.message)}. Sign in again in a while.`
    case "refused-on-the-way":
      return `Something between this computer and ${hostOf(destination)} refused the sign-in${bracketed(error.message)}. Check the proxy, the firewall or the portal of this network.`
    case "region-refused":
      return `${error.message}.`
    case "invalid_request":
    case "invalid_grant":
      return describeRefusal(error, destination)
    case "invalid_client":
    case "unauthorized_client":
    case "invalid_scope":
      return `The registration of this computer was refused${bracketed(error.message)}. ${
        destination.kind === "identity-center"
          ? "Your administrator may not allow Kiro in this Identity Center."
          : "Sign in once more; if it stays so, sign in with kiro-cli and choose the import."
      }`
    case "malformed-answer":
      return error.message
    default:
      return error.code satisfies never
  }
}

function describeRefusal(error: DeviceAuthorizationError, destination: Destination): string {
  switch (destination.kind) {
    case "identity-center":
      return (
        `AWS refused ${destination.startUrl} in the region ${destination.loginRegion}${bracketed(error.message)}. ` +
        "Check the start URL, and that the region is the one of your IAM Identity Center: it is often not the one of Kiro."
      )
    case "builder-id":
      return `AWS refused the sign-in with Builder ID${bracketed(error.message)}.`
    case "social":
      return `Kiro refused the sign-in with ${destination.provider}${bracketed(error.message)}.`
    default:
      return destination satisfies never
  }
}

function hostOf(destination: Destination): string {
  return destination.kind === "social"
    ? "Kiro's sign-in service"
    : `AWS sign-in (oidc.${destination.loginRegion})`
}

/** An account that other programs have logins of, and what the import did with it. */
export interface ImportedAccount {
  readonly account: Account
  readonly done: "added" | "brought up to date" | "already here"
}

export function describeImport(
  accounts: readonly ImportedAccount[],
  { problems, autoSync }: { readonly problems: ImportOutcome["problems"]; readonly autoSync: boolean },
): string {
  return [
    ...accounts.map(describeImported),
    ...problems.map((problem) => `Left out: ${sourceTrouble(problem)}.`),
    ...(autoSync
      ? []
      : ["kiro-cli was left out: auto_sync_kiro_cli is false in kiro.json or the environment."]),
  ].join("\n")
}

function describeImported({ account, done }: ImportedAccount): string {
  const sources = new Set(account.logins.map(({ source }) => SOURCE_NAMES[source]))
  return `${accountName(account)} (${[...sources].join(", ")}): ${done}`
}
