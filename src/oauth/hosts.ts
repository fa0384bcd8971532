import { REGION_SHAPE } from "../json.ts"
import { readBody, type Runtime } from "../runtime.ts"
import { USER_AGENT } from "../version.ts"

/** The service of Kiro's own social logins: one host for the whole world. */
export const SOCIAL_ORIGIN = "https://prod.us-east-1.auth.desktop.kiro.dev"

/** The header that names the real host of a request that an endpoint override sends elsewhere. */
const ORIGINAL_HOST_HEADER = "x-kiro-original-host"

export type OidcOrigin =
  | { readonly outcome: "origin"; readonly origin: string }
  | { readonly outcome: "refused"; readonly message: string }

/**
 * The SSO OIDC origin of a login region. GovCloud regions have no host of their own kind: AWS's endpoint rules
 * give `oidc.{region}.amazonaws.com`, which is the FIPS one there. Kiro does not exist in China.
 */
export function oidcOrigin(loginRegion: string): OidcOrigin {
  const refused = (message: string): OidcOrigin => ({ outcome: "refused", message })
  // What a store says is put into a host name only if it has this shape.
  if (!REGION_SHAPE.test(loginRegion)) return refused(`"${loginRegion.slice(0, 40)}" is not an AWS region`)
  if (loginRegion.startsWith("cn-")) return refused(`Kiro is not offered in the China region ${loginRegion}`)
  // The European Sovereign Cloud has a partition, and so a domain, of its own.
  const domain = loginRegion.startsWith("eusc-") ? "amazonaws.eu" : "amazonaws.com"
  return { outcome: "origin", origin: `https://oidc.${loginRegion}.${domain}` }
}

/** Who sends, and where to instead of the real host. */
export interface SendOptions {
  readonly runtime: Runtime
  readonly endpointOverride?: string | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One POST, to the last byte of its answer. Rejects where there is no answer, or with the signal's reason. */
export async function post(
  { runtime, endpointOverride }: SendOptions,
  request: {
    readonly url: string
    readonly contentType?: string
    readonly body: string
    readonly signal: AbortSignal
  },
): Promise<Answer> {
  const { url, headers } = routed(request.url, endpointOverride)
  const response = await runtime.fetch(url, {
    method: "POST",
    headers: {
      ...headers,
      "content-type": request.contentType ?? "application/json",
      "user-agent": USER_AGENT,
    },
    body: request.body,
    // A redirect would carry a refresh token or a client secret to a host that nobody chose.
    redirect: "error",
    signal: request.signal,
  })
  const body = await readBody(response, request.signal)
  return { status: response.status, headers: Object.fromEntries(response.headers), body }
}

/** The URL to call and the header that goes with it: the real one, or the same path at the override. */
function routed(
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
