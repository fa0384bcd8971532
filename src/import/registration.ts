import type { ClientRegistration } from "../accounts/index.ts"
import { isObject, type JsonObject, parseJson, stringField } from "../json.ts"
import { Secret } from "../secret.ts"
import { readInstant } from "./instant.ts"

export interface StoredRegistration {
  readonly client: ClientRegistration
  readonly region?: string
}

/** The registration at SSO OIDC as kiro-cli (snake_case) and the Kiro IDE (camelCase) keep it. */
export function readRegistration(text: string): StoredRegistration | undefined {
  const document = parseJson(text)
  return isObject(document) ? registrationOf(document) : undefined
}

export function registrationOf(document: JsonObject): StoredRegistration | undefined {
  const clientId = stringField(document, "client_id", "clientId")
  const clientSecret = stringField(document, "client_secret", "clientSecret")
  if (clientId === undefined || clientSecret === undefined) return undefined
  const expiresAt = readInstant(
    document["client_secret_expires_at"] ?? document["clientSecretExpiresAt"] ?? document["expiresAt"],
  )
  const region = stringField(document, "region")
  return {
    client: {
      clientId,
      clientSecret: new Secret(clientSecret),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    },
    ...(region === undefined ? {} : { region }),
  }
}
