import * as z from "zod/mini"
import { asObject, parseJson, plausibleLifetime } from "../json.ts"
import type { Secret } from "../secret.ts"

/** Instants are epoch milliseconds. */
export interface TokenSet {
  readonly accessToken: Secret
  /** Absent where a store of another program has none: such a login lives until `expiresAt`. */
  readonly refreshToken?: Secret
  readonly expiresAt: number
}

/** The life of an access token, where the service names none. */
const DEFAULT_LIFETIME_MS = 3_600_000

/** When an access token ends that was given `now`, by the seconds that it is said to live. */
export function expiryOf(seconds: number | undefined, now: number): number {
  return now + (plausibleLifetime((seconds ?? 0) * 1000) ?? DEFAULT_LIFETIME_MS)
}

/** A client registered at SSO OIDC. A refresh token can be used only with the registration that obtained it. */
export interface ClientRegistration {
  readonly clientId: string
  readonly clientSecret: Secret
  readonly expiresAt?: number
}

/** What a refresh needs, per kind of login. */
export type RefreshGrant =
  | {
      readonly kind: "idc"
      readonly refreshToken: Secret
      readonly client: ClientRegistration
      readonly loginRegion: string
    }
  | { readonly kind: "social"; readonly refreshToken: Secret }
  | {
      readonly kind: "external-idp"
      readonly refreshToken: Secret
      readonly clientId: string
      readonly tokenEndpoint: string
      readonly scopes?: string
    }

/** A member that may be missing, or be of another type: an answer that holds a rotated pair is never refused for it. */
export const optionalText = z.catch(z.optional(z.string().check(z.minLength(1))), undefined)

/** A number, also one that is sent as text. */
export const optionalNumber = z.catch(
  z.optional(
    z.pipe(
      z.transform((value) => (typeof value === "string" && value !== "" ? Number(value) : value)),
      z.number(),
    ),
  ),
  undefined,
)

/** What a body says by a schema whose members are all optional: nothing, where it is no JSON object. */
export function readAnswer<Schema extends z.ZodMiniObject>(schema: Schema, body: unknown): z.infer<Schema> {
  const document = typeof body === "string" ? parseJson(body) : body
  return z.parse(schema, asObject(document))
}
