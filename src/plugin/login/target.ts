import { PROFILE_ARN_SHAPE, REGION_SHAPE } from "../../json.ts"
import type { Settings } from "../../settings/index.ts"
import { BUILDER_ID_START_URL, readStartUrl } from "./start-url.ts"

/** Where a sign-in at AWS goes, and the profile that was asked for. The login region is never the service region. */
export interface LoginTarget {
  readonly kind: "builder-id" | "identity-center"
  readonly startUrl: string
  readonly loginRegion: string
  readonly profileArn?: string
}

export type LoginDefaults = Pick<Settings, "defaultRegion" | "idcStartUrl" | "idcRegion" | "idcProfileArn">

/** Prompt answers as OpenCode hands them over: a prompt that was not asked is not there. */
export type Answers = Readonly<Record<string, string | undefined>>

/** AWS Builder ID exists once, in this region. */
const BUILDER_ID_REGION = "us-east-1"

export class LoginInputError extends Error {
  override readonly name = "LoginInputError"
}

/** Joins answers and defaults. A blank start URL means `idc_start_url` if set, else Builder ID. Throws `LoginInputError`. */
export function readLoginTarget(answers: Answers, defaults: LoginDefaults): LoginTarget {
  const address = readStartUrl(clean(answers["start_url"]) || defaults.idcStartUrl || "builder-id")
  switch (address.kind) {
    case "refused":
      throw new LoginInputError(address.message)
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

/** `EU-North-1`, `eu north 1` and `eu-north-1` are the same region. Throws `LoginInputError`. */
export function readRegion(text: string): string {
  const region = text
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, "-")
  if (REGION_SHAPE.test(region)) return region
  throw new LoginInputError(`"${text.trim().slice(0, 40)}" is not an AWS region such as eu-north-1.`)
}

/** Nothing where the text is blank. Throws `LoginInputError`. */
export function readProfileArn(text: string | undefined): { readonly profileArn?: string } {
  const profileArn = clean(text)
  if (profileArn === "") return {}
  if (PROFILE_ARN_SHAPE.test(profileArn)) return { profileArn }
  throw new LoginInputError(
    "That is not a profile ARN (arn:aws:codewhisperer:<region>:<account>:profile/<id>). Leave it blank to have it looked up.",
  )
}

function clean(text: string | undefined): string {
  return text?.trim() ?? ""
}
