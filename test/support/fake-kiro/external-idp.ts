import { asObject, stringField } from "../../../src/json.ts"
import { json } from "./reply.ts"
import type { Handler } from "./service.ts"

/** The token endpoint of a customer's own identity provider: a form in, snake_case out (RFC 6749 §6). */
export const externalIdpToken: Handler = (fake, request) => {
  const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
  const form = isForm ? asObject(request.body) : {}
  if (form["grant_type"] !== "refresh_token") return oauthError("unsupported_grant_type")
  const used = stringField(form, "refresh_token") ?? ""
  const issued = fake.tokens.asked(used)
  if (issued?.account.kind !== "external-idp") return oauthError("invalid_grant")
  if (form["client_id"] !== issued.account.client.clientId) return oauthError("invalid_client")
  const { accessToken, refreshToken } = issued.account.refresh(used)
  return json({
    token_type: "Bearer",
    access_token: accessToken,
    expires_in: issued.account.tokenLifetimeSeconds,
    ...(refreshToken && { refresh_token: refreshToken }),
  })
}

function oauthError(error: string): ReturnType<typeof json> {
  return json({ error, error_description: error }, { status: error === "invalid_client" ? 401 : 400 })
}
