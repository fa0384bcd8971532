import { REGION_SHAPE } from "../json.ts"

/** The service of Kiro's own social logins: one host for the whole world. */
export const SOCIAL_ORIGIN = "https://prod.us-east-1.auth.desktop.kiro.dev"

/** The header that names the real host of a request that an endpoint override sends elsewhere. */
const ORIGINAL_HOST_HEADER = "x-kiro-original-host"

export type OidcOrigin =
  | { readonly origin: string }
  | { readonly refused: "china" | "not-a-region"; readonly message: string }

/**
 * The SSO OIDC origin of a login region. GovCloud regions have no host of their own kind: AWS's endpoint rules
 * give `oidc.{region}.amazonaws.com`, which is the FIPS one there. Kiro does not exist in China.
 */
export function oidcOrigin(loginRegion: string): OidcOrigin {
  if (!REGION_SHAPE.test(loginRegion))
    return { refused: "not-a-region", message: `"${loginRegion.slice(0, 40)}" is not an AWS region` }
  if (loginRegion.startsWith("cn-"))
    return { refused: "china", message: `Kiro is not offered in the China region ${loginRegion}` }
  return { origin: `https://oidc.${loginRegion}.amazonaws.com` }
}

/** The URL to call and the header that goes with it: the real one, or the same path at the override. */
export function routed(
  url: string,
  endpointOverride: string | undefined,
): { readonly url: string; readonly headers: { readonly [name: string]: string } } {
  if (endpointOverride === undefined) return { url, headers: {} }
  const real = new URL(url)
  return {
    url: `${endpointOverride.replace(/\/+$/, "")}${real.pathname}${real.search}`,
    headers: { [ORIGINAL_HOST_HEADER]: real.host },
  }
}
