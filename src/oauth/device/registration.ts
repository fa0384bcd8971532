import type { ClientRegistration } from "../token-set.ts"

/** What a registration is good for. */
export interface RegistrationPlace {
  readonly loginRegion: string
  readonly startUrl: string
}

/** Where client registrations are kept between sign-ins. */
export interface RegistrationStore {
  find(place: RegistrationPlace): Promise<ClientRegistration | undefined>
  save(place: RegistrationPlace, registration: ClientRegistration): Promise<void>
}

/** The name that AWS shows on the approval page. */
export const CLIENT_NAME = "opencode-kiro-auth"

/** What Kiro's own command-line client asks for. */
export const SCOPES: readonly string[] = [
  "codewhisperer:completions",
  "codewhisperer:analysis",
  "codewhisperer:conversations",
]

/**
 * A refresh token dies with the client that obtained it, so a registration about to expire is not worth a new
 * sign-in. AWS gives 90 days.
 */
const LEAST_REMAINING_MS = 7 * 24 * 60 * 60 * 1000

/** Whether a stored registration can carry another sign-in. */
export function reusable(registration: ClientRegistration, now: number): boolean {
  return registration.expiresAt === undefined || registration.expiresAt - now > LEAST_REMAINING_MS
}
