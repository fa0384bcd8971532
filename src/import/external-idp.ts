import { type JsonObject, stringField } from "../json.ts"

export interface ExternalClient {
  readonly clientId: string
  readonly tokenEndpoint: string
  readonly scopes?: string
}

/**
 * The client of a customer's identity provider. Okta records name only their issuer. An endpoint that is not https
 * gives no client: the record could send the refresh token anywhere.
 */
export function readExternalClient(fields: JsonObject): ExternalClient | { readonly message: string } {
  const clientId = stringField(fields, "client_id", "clientId")
  if (clientId === undefined) return { message: "names no client id" }
  const issuer = stringField(fields, "issuer_url", "issuerUrl")
  const tokenEndpoint =
    stringField(fields, "token_endpoint", "tokenEndpoint") ??
    (issuer === undefined ? undefined : `${issuer.replace(/\/+$/, "")}/v1/token`)
  if (tokenEndpoint === undefined) return { message: "names no token endpoint" }
  if (!URL.canParse(tokenEndpoint) || new URL(tokenEndpoint).protocol !== "https:")
    return { message: "names a token endpoint that is not https" }
  const scopes = scopesOf(fields["scopes"] ?? fields["scope"])
  return { clientId, tokenEndpoint, ...(scopes === undefined ? {} : { scopes }) }
}

function scopesOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() || undefined
  if (!Array.isArray(value)) return undefined
  return value.filter((scope) => typeof scope === "string").join(" ") || undefined
}
