import type { Secret } from "../secret.ts"

/** Instants are epoch milliseconds. */
export interface TokenSet {
  readonly accessToken: Secret
  /** Absent where a store of another program has none: such a login lives until `expiresAt`. */
  readonly refreshToken?: Secret
  readonly expiresAt: number
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
