import { oidcOrigin, routed, SOCIAL_ORIGIN } from "./hosts.ts"
import type { RefreshGrant } from "./token-set.ts"

export interface RefreshRequest {
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

export type RefreshRefusal = { readonly refused: "invalid_endpoint"; readonly message: string }

/**
 * The one POST that renews a login. SSO OIDC and the social service take JSON in camelCase; an external IdP takes
 * the form of RFC 6749 §6. Refused without a request: a login region that has no service, an endpoint without TLS.
 */
export function buildRefreshRequest({
  grant,
  userAgent,
  endpointOverride,
}: {
  readonly grant: RefreshGrant
  readonly userAgent: string
  readonly endpointOverride?: string | undefined
}): RefreshRequest | RefreshRefusal {
  const target = targetOf(grant)
  if ("refused" in target) return target
  const { url, headers } = routed(target.url, endpointOverride)
  return {
    url,
    headers: { ...headers, "content-type": target.contentType, "user-agent": userAgent },
    body: target.body,
  }
}

type Target = { readonly url: string; readonly contentType: string; readonly body: string }

function targetOf(grant: RefreshGrant): Target | RefreshRefusal {
  switch (grant.kind) {
    case "idc": {
      const oidc = oidcOrigin(grant.loginRegion)
      if ("refused" in oidc) return { refused: "invalid_endpoint", message: oidc.message }
      return json(`${oidc.origin}/token`, {
        clientId: grant.client.clientId,
        clientSecret: grant.client.clientSecret.reveal(),
        grantType: "refresh_token",
        refreshToken: grant.refreshToken.reveal(),
      })
    }
    case "social":
      return json(`${SOCIAL_ORIGIN}/refreshToken`, { refreshToken: grant.refreshToken.reveal() })
    case "external-idp": {
      if (!isHttps(grant.tokenEndpoint))
        return {
          refused: "invalid_endpoint",
          message: "the token endpoint of this login is not an https URL",
        }
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        client_id: grant.clientId,
        refresh_token: grant.refreshToken.reveal(),
      })
      if (grant.scopes !== undefined) form.set("scope", grant.scopes)
      return {
        url: grant.tokenEndpoint,
        contentType: "application/x-www-form-urlencoded",
        body: form.toString(),
      }
    }
    default:
      return grant satisfies never
  }
}

function json(url: string, body: { readonly [field: string]: string }): Target {
  return { url, contentType: "application/json", body: JSON.stringify(body) }
}

/** A token endpoint comes out of another program's file: anything but https could send the token anywhere. */
function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:"
}
