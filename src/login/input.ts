/**
 * What a person types or picks at a sign-in, read: nothing here asks anybody, so every front end may load it at its
 * start to judge a field.
 */
import { PROFILE_ARN_SHAPE, REGION_SHAPE, present } from "../json.ts"
import type { SocialProvider } from "../oauth/index.ts"
import { Secret } from "../secret.ts"
import type { Settings } from "../settings/index.ts"

/** What went wrong with a sign-in, in words fit for people. Never quotes a secret. */
export class LoginError extends Error {
  override readonly name = "LoginError"
}

/** Where a sign-in at AWS goes, and the profile that was asked for. The login region is never the service region. */
export interface LoginTarget {
  readonly kind: "builder-id" | "identity-center"
  readonly startUrl: string
  readonly loginRegion: string
  readonly profileArn?: string
}

/** The ways to sign in, in the order in which every front end offers them. */
export const WAYS_TO_SIGN_IN = [
  { way: "builder-id", method: "aws", label: "AWS Builder ID" },
  { way: "identity-center", method: "aws", label: "IAM Identity Center" },
  { way: "Google", method: "social", label: "Google" },
  { way: "Github", method: "social", label: "GitHub" },
  { way: "import", method: "import", label: "Import from kiro-cli or Kiro IDE" },
  { way: "api-key", method: "api-key", label: "API key" },
] as const

export type WayToSignIn = (typeof WAYS_TO_SIGN_IN)[number]["way"]
export type SignInMethod = (typeof WAYS_TO_SIGN_IN)[number]["method"]

/** How ways begin, in the same order: several of them begin alike. */
export const SIGN_IN_METHODS: readonly SignInMethod[] = [
  ...new Set(WAYS_TO_SIGN_IN.map(({ method }) => method)),
]

/** Of the ways that begin alike: "Google or GitHub". */
export function methodLabel(method: SignInMethod): string {
  return WAYS_TO_SIGN_IN.flatMap((each) => (each.method === method ? [each.label] : [])).join(" or ")
}

export const SOCIAL_PROVIDERS: readonly { readonly label: string; readonly value: SocialProvider }[] =
  WAYS_TO_SIGN_IN.flatMap((each) =>
    each.method === "social" ? [{ label: each.label, value: each.way }] : [],
  )

export const START_URL_EXAMPLE = "https://d-1234567890.awsapps.com/start"

interface AskedFor {
  readonly title: string
  readonly placeholder: string
}

/** What a sign-in at AWS asks for, in the words of a form. */
export function askedForAws({ idcStartUrl, idcRegion, idcProfileArn, defaultRegion }: LoginDefaults): {
  readonly start_url: AskedFor
  readonly login_region: AskedFor
  readonly profile_arn: AskedFor
} {
  return {
    start_url: {
      title:
        idcStartUrl === undefined
          ? "IAM Identity Center start URL (leave blank for AWS Builder ID)"
          : `Start URL (leave blank for ${idcStartUrl}, or type builder-id)`,
      placeholder: idcStartUrl ?? START_URL_EXAMPLE,
    },
    login_region: { title: "Region of your IAM Identity Center", placeholder: idcRegion ?? defaultRegion },
    profile_arn: {
      title: "Kiro profile ARN (blank: look it up)",
      placeholder: idcProfileArn ?? "arn:aws:codewhisperer:…:profile/…",
    },
  }
}

export type LoginDefaults = Pick<Settings, "defaultRegion" | "idcStartUrl" | "idcRegion" | "idcProfileArn">

/** Answers to the questions of a front end: one that was not asked is not there. */
export type Answers = Readonly<Record<string, string | undefined>>

/** The start URL of AWS Builder ID, which has no directory of its own and exists once, in this region. */
export const BUILDER_ID_START_URL = "https://view.awsapps.com/start"
const BUILDER_ID_REGION = "us-east-1"

/** Joins answers and defaults. A blank start URL means `idc_start_url` if set, else Builder ID. Throws `LoginError`. */
export function readLoginTarget(answers: Answers, defaults: LoginDefaults): LoginTarget {
  const address = readStartUrl(clean(answers["start_url"]) || defaults.idcStartUrl || "builder-id")
  switch (address.kind) {
    case "refused":
      throw new LoginError(address.message)
    case "builder-id":
      return {
        kind: "builder-id",
        startUrl: BUILDER_ID_START_URL,
        loginRegion: BUILDER_ID_REGION,
        ...readProfileArn(answers["profile_arn"]),
      }
    case "identity-center":
      return {
        kind: "identity-center",
        startUrl: address.startUrl,
        loginRegion: readRegion(
          clean(answers["login_region"]) ||
            address.loginRegion ||
            defaults.idcRegion ||
            defaults.defaultRegion,
        ),
        ...readProfileArn(answers["profile_arn"]),
      }
    default:
      return address satisfies never
  }
}

export type StartUrl =
  | { readonly kind: "builder-id" }
  | { readonly kind: "identity-center"; readonly startUrl: string; readonly loginRegion?: string }
  /** Not a start URL; the text says what is wrong with it. */
  | { readonly kind: "refused"; readonly message: string }

const BUILDER_ID_WORD = /^(?:aws[\s_-]*)?builder[\s_-]*id$/i
const DIRECTORY_ID = /^d-[0-9a-z]{6,}$/i
/** The newer portals name their region: `https://ssoins-0123456789abcdef.portal.eu-north-1.app.aws`. */
const REGIONAL_PORTAL = /\.portal\.([a-z0-9-]+)\.app\.aws$/
const EXTERNAL_IDP =
  /(?:^|\.)(?:microsoftonline\.com|okta\.com|oktapreview\.com|okta-emea\.com|auth0\.com|onelogin\.com|pingone\.com)$/

/**
 * Reads what a person typed or pasted as a start URL: with or without `https://`, a slash or `#/…` at its end, spaces
 * around it; a directory id alone (`d-9067642ac7`); the word `builder-id`. Not for blank text.
 */
export function readStartUrl(text: string): StartUrl {
  const typed = text.trim().replaceAll(/^[<"'`]+|[>"'`,;]+$/g, "")
  if (BUILDER_ID_WORD.test(typed)) return { kind: "builder-id" }
  if (DIRECTORY_ID.test(typed)) return readStartUrl(`https://${typed}.awsapps.com/start`)
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `https://${typed}`
  if (!URL.canParse(address)) return refused(typed)
  const url = new URL(address)
  const { hostname } = url
  if (!/^https?:$/.test(url.protocol) || !hostname.includes(".") || url.username !== "") return refused(typed)
  if (hostname.endsWith(".cn"))
    return { kind: "refused", message: "Kiro is not offered in the China regions." }
  if (EXTERNAL_IDP.test(hostname)) return { kind: "refused", message: EXTERNAL_IDP_REFUSED }
  const path = url.pathname.replace(/\/+$/, "") || (hostname.endsWith(".awsapps.com") ? "/start" : "")
  const startUrl = `https://${url.host}${path}`
  if (startUrl === BUILDER_ID_START_URL) return { kind: "builder-id" }
  const loginRegion = REGIONAL_PORTAL.exec(hostname)?.[1]
  return { kind: "identity-center", startUrl, ...present({ loginRegion }) }
}

const EXTERNAL_IDP_REFUSED =
  "That is the address of an identity provider, which only kiro-cli can sign in to: run `kiro-cli login`, then " +
  "choose the import from kiro-cli here."

function refused(typed: string): StartUrl {
  const message = `"${typed.slice(0, 80)}" is not a start URL such as ${START_URL_EXAMPLE}.`
  return { kind: "refused", message }
}

/** `EU-North-1`, `eu north 1` and `eu-north-1` are the same region. Throws `LoginError`. */
export function readRegion(text: string): string {
  const region = text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, "-")
  if (REGION_SHAPE.test(region)) return region
  throw new LoginError(`"${text.trim().slice(0, 40)}" is not an AWS region such as eu-north-1.`)
}

/** Nothing where the text is blank. Throws `LoginError`. */
export function readProfileArn(text: string | undefined): { readonly profileArn?: string } {
  const profileArn = clean(text)
  if (profileArn === "") return {}
  if (PROFILE_ARN_SHAPE.test(profileArn)) return { profileArn }
  throw new LoginError(
    "That is not a profile ARN (arn:aws:codewhisperer:<region>:<account>:profile/<id>). Leave it blank to have it looked up.",
  )
}

/** Throws `LoginError`. */
export function readSocialProvider(answer: string | undefined): SocialProvider {
  switch (clean(answer).toLowerCase()) {
    case "google":
      return "Google"
    case "github":
      return "Github"
    default:
      throw new LoginError("Choose Google or GitHub.")
  }
}

const API_KEY = /^ksk_[A-Za-z0-9_-]{8,}$/

/** Whether a text is a Kiro API key. Everything else that may stand in a host's credentials is no key of ours. */
export function isApiKey(text: string): boolean {
  return API_KEY.test(text)
}

/** Throws `LoginError`, which never quotes what was typed. */
export function readApiKey(text: string | undefined): Secret {
  const key = (text ?? "").replaceAll(/\s+/g, "").replaceAll(/^(?:KIRO_API_KEY=)?["']?|["']$/g, "")
  if (!isApiKey(key))
    throw new LoginError(
      "That is not a Kiro API key: those begin with ksk_, and eight or more letters and digits follow.",
    )
  return new Secret(key)
}

function clean(text: string | undefined): string {
  return text?.trim() ?? ""
}
