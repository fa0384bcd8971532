/** The start URL of AWS Builder ID, which has no directory of its own. */
export const BUILDER_ID_START_URL = "https://view.awsapps.com/start"

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
  return { kind: "identity-center", startUrl, ...(loginRegion === undefined ? {} : { loginRegion }) }
}

const EXTERNAL_IDP_REFUSED =
  "That is the address of an identity provider, which only kiro-cli can sign in to: run `kiro-cli login`, then " +
  "choose the import from kiro-cli here."

function refused(typed: string): StartUrl {
  const message = `"${typed.slice(0, 80)}" is not a start URL such as https://d-1234567890.awsapps.com/start.`
  return { kind: "refused", message }
}
